package sqlstore

import (
	"context"
	"time"

	"certwright/internal/vault"
)

// An update is one caller of Update on its way through the writer.
type update struct {
	turn chan *tx      // the writer gives the turn
	gone chan struct{} // closed by a caller who is there no longer
	ran  chan outcome  // the caller gives the turn back
	done chan error    // how it ended, after the commit

	since   time.Time     // the writer's: when it was told to come again first
	stopped chan struct{} // closed once all were answered that ever will be
}

// An outcome is what became of an update that had its turn.
type outcome int

const (
	stays  outcome = iota
	idles          // it failed, or nobody wants it any more, and it wrote nothing
	fails          // what it wrote must be undone
	waits          // the same, for another's sake: it may come again
	doubts         // the same, since a write was taken to do what it may not do: it runs again
)

// do runs fn in a transaction and returns once it is on the disk.
func (w *writer) do(ctx context.Context, fn func(vault.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u := &update{turn: make(chan *tx), gone: make(chan struct{}), ran: make(chan outcome), done: make(chan error, 1), stopped: w.stopped}
	select {
	case w.queue <- u:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.stop:
		return errClosed
	}
	select {
	case t := <-u.turn:
		return u.take(ctx, t, fn)
	case <-ctx.Done():
		close(u.gone)
		return ctx.Err()
	case err := <-u.done: // the transaction could not begin, or the store closed
		return err
	case <-w.stopped: // the queue took it after all had been answered
		return u.closed()
	}
}

// closed is how an update ended, where no more are answered.
func (u *update) closed() error {
	select {
	case err := <-u.done:
		return err
	default:
		return errClosed
	}
}

// take runs fn, again if its transaction had to be undone for another's sake or
// did not become, and returns how it ended. While it is there it takes every turn
// that the writer gives: also after fn failed, of a transaction that was lost before
// that could be undone.
func (u *update) take(ctx context.Context, t *tx, fn func(vault.Tx) error) error {
	defer close(u.gone) // fn may panic
	for {
		o, own := u.run(ctx, t, fn)
		before := t
		select {
		case t = <-u.turn:
			before.undone()
		case err := <-u.done:
			return u.end(before, o, own, err)
		case <-u.stopped: // it was to come again
			return u.end(before, o, own, u.closed())
		}
	}
}

// end is how an update ended whose transaction did so: one that failed by itself knows
// why, which holds once what it saw is on the disk.
func (u *update) end(t *tx, o outcome, own, err error) error {
	switch {
	case err != nil:
		t.undone()
		return err
	case o == idles || o == fails:
		return own
	}
	return nil
}

// run runs fn and gives the turn back, however fn ends.
func (u *update) run(ctx context.Context, t *tx, fn func(vault.Tx) error) (o outcome, err error) {
	t.ctx = ctx
	err = errUnended // unless fn returns: a panic and a Goexit pass here too
	defer func() {
		t.ended.Store(true)
		if err != nil {
			t.undone()
		}
		o = t.outcome(err)
		u.ran <- o
	}()
	err = fn(t)
	if fault := t.session.fault; err == nil && fault != nil { // fn may have overlooked it; the transaction may be no more
		err = fault
	}
	if err == nil && t.session.queue.unmet {
		err = errUnmet
	}
	return o, err
}

func (t *tx) outcome(err error) outcome {
	s := t.session
	switch {
	case s.fault != nil && s.of.fault(s.fault) != isFinal:
		return waits
	case s.queue.on && err != errUnended && (s.fault != nil || s.queue.unmet || err != nil && t.wrote):
		return doubts // of what fn did not see the answers of
	case s.fault != nil, err != nil && t.wrote:
		return fails
	case err != nil:
		return idles
	}
	return stays
}

// give gives an update the turn and waits until it has had it.
func (u *update) give(s *session) outcome {
	s.fault = nil
	select {
	case u.turn <- &tx{reader: reader{session: s, writes: true}}:
		return <-u.ran
	case <-u.gone:
		return idles
	}
}
