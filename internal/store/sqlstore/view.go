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
	begin := func(held *session) error {
		if _, err := held.exec(s.dialect.view); err != nil {
			return fmt.Errorf("begin a snapshot: %w", err)
		}
		return nil
	}
	return s.withReader(ctx, begin, func(held *session) error {
		r := &reader{session: held, ctx: ctx}
		defer func() {
			r.ended.Store(true)
			if _, err := held.exec("COMMIT"); err != nil {
				held.dead = true
			}
		}()
		return fn(r)
	})
}

// withReader runs first, and then, with a session that reads. Where the connection
// was lost since it was used last, first is run again on a new one.
func (s *Store) withReader(ctx context.Context, first, then func(*session) error) error {
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
	defer func() { s.readers <- living(held) }()
	for fresh := held == nil; ; fresh = true {
		if held == nil { // a place, not yet a connection
			opened, err := s.connect(ctx, s.dialect.views)
			if err != nil {
				return err
			}
			held = opened
		}
		err := first(held)
		if err == nil {
			return then(held)
		}
		if held = living(held); held != nil || fresh {
			return err
		}
	}
}

// living closes a session of a lost connection, and returns nil in its place.
func living(s *session) *session {
	if s != nil && s.dead {
		_ = s.close() // of no further use
		return nil
	}
	return s
}

// Update runs fn in a transaction that is on the disk when Update returns nil.
// It runs fn in the caller's goroutine. fn must not call Update, which would wait
// for itself; what it reads, it reads through tx.
func (s *Store) Update(ctx context.Context, fn func(vault.Tx) error) error {
	return s.noted(s.writer.do(ctx, fn), false)
}
