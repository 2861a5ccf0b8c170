// Package access decides what a caller may do, by what an operator wrote down:
// access policies or role assignments, as Azure has both, and network rules. A
// Table is all of it, compiled. It may not look at
// requests or tokens: it is handed a vault.Caller.
//
// Begin with decide.go; actions.go and roles.go have the tables.
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

// Rows says so.
func (Everything) Rows() []Row {
	return []Row{{To: "everybody", Gives: "everything", On: "/"}}
}
