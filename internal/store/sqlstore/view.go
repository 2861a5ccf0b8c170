package sqlstore

import (
	"context"
	"fmt"

	"certwright/internal/store/pgdriver"
	"certwright/internal/vault"
)

// View runs fn on one consistent snapshot. It waits for a connection while as many
// as there may be are in use, so fn must not call View.
func (s *Store) View(ctx context.Context, fn func(vault.Reader) error) error {
	return s.noted(s.view(ctx, fn), true)
}

func (s *Store) view(ctx context.Context, fn func(vault.Reader) error) error {
	return s.withReader(ctx, func(held *session) error {
		if err := held.begin(s.dialect.view, s.dialect.together); err != nil {
			return fmt.Errorf("begin a snapshot: %w", err)
		}
		r := &reader{session: held, ctx: ctx}
		defer func() {
			r.ended.Store(true)
			held.leave()
		}()
		return fn(r)
	})
}

// each runs fn with a reader whose statements see each what is there when it runs.
func (s *Store) each(ctx context.Context, fn func(*reader) error) error {
	return s.withReader(ctx, func(held *session) error {
		held.forget()
		return fn(&reader{session: held, ctx: ctx})
	})
}

// leave ends a transaction that only read, and does not wait for that.
func (s *session) leave() {
	if !s.queue.on {
		if _, err := s.exec("COMMIT"); err != nil {
			s.dead = true
		}
		return
	}
	begun := s.queue.open
	s.forget()
	if !begun || s.dead {
		return
	}
	err := s.run("COMMIT", nil, func(conn any, call pgdriver.Call) error { return conn.(*pgdriver.Conn).Leave(call) })
	if err != nil {
		s.dead = true
	}
}

// withReader runs fn with a session that reads.
func (s *Store) withReader(ctx context.Context, fn func(*session) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.closed:
		return errClosed
	default:
	}
	held, err := s.readers.take(ctx, s.closed)
	if err != nil {
		return err
	}
	defer func() { s.readers.give(held) }()
	if held == nil {
		if held, err = s.connect(ctx, s.dialect.views); err != nil {
			return err
		}
		held.renewal = func() (*session, error) { return s.connect(context.Background(), s.dialect.views) }
	}
	held.unread = true
	return fn(held)
}

// revived takes a new connection where the last one was lost before anything was
// read from it: nobody used it for a while.
func (s *session) revived() bool {
	if !s.dead || !s.unread || s.renewal == nil {
		return false
	}
	fresh, err := s.renewal()
	if err != nil {
		return false
	}
	s.renew(fresh)
	return s.queue.text == "" || s.begin(s.queue.text, true) == nil
}

// Update runs fn in a transaction that is on the disk when Update returns nil.
// It runs fn in the caller's goroutine. fn must not call Update, which would wait
// for itself; what it reads, it reads through tx.
func (s *Store) Update(ctx context.Context, fn func(vault.Tx) error) error {
	return s.noted(s.writer.do(ctx, fn), false)
}
