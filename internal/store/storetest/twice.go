package storetest

import (
	"context"
	"errors"

	"certwright/internal/vault"
)

// twice runs every function of Update twice, the first time for nothing: what
// that run left behind would show in the second one.
type twice struct{ vault.Store }

var errAgain = errors.New("run again")

func (s twice) Update(ctx context.Context, fn func(vault.Tx) error) error {
	err := s.Store.Update(ctx, func(tx vault.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return errAgain
	})
	if err != errAgain {
		return err
	}
	return s.Store.Update(ctx, fn)
}
