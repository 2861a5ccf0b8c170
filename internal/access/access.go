// Package access decides what a caller may do. It holds the rule of a
// development server, where everybody may do everything; permissions that
// people write down come with the production server and stand beside it. It
// may not look at requests or tokens: it is handed a vault.Caller.
package access

import (
	"context"

	"certwright/internal/vault"
)

// Everything grants every action to every caller. Only a development server
// may use it (SECURITY.md).
type Everything struct{}

// Authorize never refuses.
func (Everything) Authorize(context.Context, vault.Caller, vault.Action, vault.Ref) error {
	return nil
}
