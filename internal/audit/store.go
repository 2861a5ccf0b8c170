package audit

import (
	"context"

	"certwright/internal/vault"
)

// A Store has the beginning of a request, or of a job, on the disk before it
// writes anything for its sake: also of a GET that happens to finish an order.
type Store struct{ vault.Store }

// Update implements vault.Store.
func (s Store) Update(ctx context.Context, fn func(vault.Tx) error) error {
	if err := From(ctx).BeginJob(); err != nil {
		return err
	}
	return s.Store.Update(ctx, fn)
}
