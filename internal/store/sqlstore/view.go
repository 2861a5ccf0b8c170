package sqlstore

import (
	"context"
	"fmt"

	"certwright/internal/vault"
)

// maxReaders is how many snapshots are read at the same time (docs/measurements.md).
const maxReaders = 4

// View runs fn on one consistent snapshot. It waits for a connection while
// maxReaders are in use, so fn must not call View.
func (s *Store) View(ctx context.Context, fn func(vault.Reader) error) error {
	return s.noted(s.view(ctx, fn), true)
}

func (s *Store) view(ctx context.Context, fn func(vault.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.closed:
		return errClosed
	default:
	}
	var held *session
	select {
	case held = <-s.readers:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closed:
		return errClosed
	}
	defer func() { s.readers <- held }()
	if held == nil { // a place, not yet a connection
		opened, err := newSession(ctx, s.db, s.dialect.setup, s.dialect.views)
		if err != nil {
			return err
		}
		held = opened
		held.bond = s.bond
	}
	if _, err := held.exec(s.dialect.view); err != nil {
		return fmt.Errorf("begin a snapshot: %w", err)
	}
	r := &reader{session: held, ctx: ctx}
	defer func() {
		r.ended.Store(true)
		if _, err := held.exec("COMMIT"); err != nil { // of no further use
			held.close()
			held = nil
		}
	}()
	return fn(r)
}

// Update runs fn in a transaction that is on the disk when Update returns nil.
// It runs fn in the caller's goroutine. fn must not call Update, which would wait
// for itself; what it reads, it reads through tx.
func (s *Store) Update(ctx context.Context, fn func(vault.Tx) error) error {
	return s.noted(s.writer.do(ctx, fn), false)
}
