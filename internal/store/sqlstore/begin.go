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
			if err := w.renew(); err != nil {
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

// renew takes a new connection in place of one that was lost.
func (w *writer) renew() error {
	ctx, stop := context.WithTimeout(context.Background(), dialFor)
	defer stop()
	fresh, err := w.connect(ctx)
	if err != nil {
		return err
	}
	_ = w.session.close() // of no further use
	w.session = fresh
	return nil
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
func (w *writer) rollback() {
	begun := w.session.queue.open || !w.session.queue.on
	w.session.forget()
	if begun {
		_, _ = w.session.exec("ROLLBACK")
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
