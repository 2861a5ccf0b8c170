package sqlstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"certwright/internal/clock"
)

const (
	tryFor  = 10 * time.Second      // that an update comes again since others came between
	tryWait = 50 * time.Millisecond // the longest wait between two tries
	dialFor = 10 * time.Second      // that a new connection may take
)

// begin begins a transaction, on a new connection where the last one was lost.
// If writes are to wait, it waits with them.
func (w *writer) begin(waiting bool) error {
	for fresh := false; ; fresh = true {
		if w.session.dead {
			if err := w.renew(w.session); err != nil {
				return fmt.Errorf("begin a transaction: %w", err)
			}
		}
		err := w.session.begin(w.session.of.begin, waiting)
		if err == nil {
			return nil
		}
		if fresh || !w.session.dead {
			return fmt.Errorf("begin a transaction: %w", err)
		}
	}
}

// renew takes a new connection for a session that lost its own.
func (w *writer) renew(s *session) error {
	ctx, stop := context.WithTimeout(context.Background(), dialFor)
	defer stop()
	fresh, err := w.connect(ctx)
	if err == nil {
		s.renew(fresh)
	}
	return err
}

// renew takes the connection of another session that nobody uses.
func (s *session) renew(fresh *session) {
	_ = s.close() // of no further use
	s.conn, s.stmts, s.dead = fresh.conn, fresh.stmts, false
}

// begin begins a transaction by a text.
func (s *session) begin(text string, waiting bool) error {
	s.forget()
	s.wrote, s.changes = false, s.changes[:0]
	if s.queue.on = waiting; waiting {
		s.queue.text = text
		return s.later(text, false)
	}
	_, err := s.exec(text)
	return err
}

// rollback undoes a transaction; that of a lost connection is undone already.
func (s *session) rollback() {
	begun := s.queue.open || !s.queue.on
	s.forget()
	if begun {
		_, _ = s.exec("ROLLBACK")
	}
}

func (w *writer) allLater(batch []*update, why error) {
	for _, u := range batch {
		w.later(u, why)
	}
}

// later lets an update come again in a while, unless it has for too long.
func (w *writer) later(u *update, why error) {
	now := clock.Real{}.Now()
	if u.since.IsZero() {
		u.since = now
	}
	if now.Sub(u.since) > tryFor {
		u.done <- why
		return
	}
	time.AfterFunc(rand.N(tryWait), func() {
		select {
		case w.queue <- u:
		case <-w.stopped:
			u.done <- errClosed
		}
	})
}
