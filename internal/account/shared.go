package account

import (
	"context"

	"certwright/internal/vault"
)

// Shared is a Book of a store that other servers write as well: whether a row is
// as it was is a question to the store, and a short one.
type Shared struct {
	Book
	Revision func(ctx context.Context, id string) (int64, error) // of a row, now; 0 if there is none
}

// Unchanged implements vault.Unchanged.
func (s Shared) Unchanged(ctx context.Context, id string, rev int64) bool {
	now, err := s.Revision(ctx, id)
	return err == nil && now == rev
}

var _ vault.Unchanged = Shared{}
