package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"certwright/internal/vault"
)

var errEnded = errors.New("the transaction has ended")

// A reader reads rows in one transaction.
type reader struct {
	session *session
	ctx     context.Context // of the caller; looked at before each statement
	ended   atomic.Bool
	writes  bool // it is a tx's
}

func (r *reader) usable() error {
	if r.ended.Load() {
		return errEnded
	}
	return r.ctx.Err()
}

// one reads one row; errors other than vault.ErrNotFound say what was read.
func (r *reader) one(what, text string, args []any, into ...any) error {
	if err := r.usable(); err != nil {
		return err
	}
	err := r.session.one(text, args, into...)
	if err == nil || errors.Is(err, vault.ErrNotFound) {
		return err
	}
	return fmt.Errorf("read %s: %w", what, err)
}

// each reads every row of a query into the same place and calls row for it.
func (r *reader) each(what, text string, args, into []any, row func() error) error {
	if err := r.usable(); err != nil {
		return err
	}
	if err := r.session.each(text, args, into, row); err != nil {
		return fmt.Errorf("read %s: %w", what, err)
	}
	return nil
}
