package access

import (
	"context"

	"certwright/internal/vault"
)

// Nothing grants no action to anybody.
type Nothing struct{}

// Authorize always refuses.
func (Nothing) Authorize(context.Context, vault.Caller, vault.Action, vault.Ref) error {
	return &vault.Error{Reason: vault.Denied, Code: "Forbidden", Message: "Nobody may do anything on this server."}
}
