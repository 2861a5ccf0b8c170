package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// maxBatch is how many updates share one commit at most.
const maxBatch = 64

var (
	errClosed  = errors.New("the store is closed")
	errUnended = errors.New("the function did not return")
)

// A writer owns the only writing connection and commits in groups: it takes all
// updates that wait, up to maxBatch, into one transaction, so that many callers
// share one fsync. Each update is a savepoint of its own; an error, a panic or a
// Goexit in one undoes that one only. Nobody is answered before the commit.
//
// The functions run in their callers' goroutines, one after the other, by
// handing the turn around: so a panic unwinds to who caused it.
type writer struct {
	session *session
	begin   string
	queue   chan *update
	aside   chan func(*session) // what is done between two transactions
	wrote   chan struct{}       // holds one if there was a commit since it was looked at
	stop    chan struct{}       // closed by close
	stopped chan struct{}       // closed when run has ended
	longest longest             // that one transaction held it
}

// An update is one caller of Update on its way through the writer.
type update struct {
	turn chan *tx      // the writer gives the turn
	gone chan struct{} // closed by a caller who waits no longer
	ran  chan bool     // the caller gives the turn back: keep what was written?
	done chan error    // the outcome, after the commit
}

func newWriter(s *session, begin string) *writer {
	w := &writer{session: s, begin: begin, queue: make(chan *update, maxBatch),
		aside: make(chan func(*session)), wrote: make(chan struct{}, 1),
		stop: make(chan struct{}), stopped: make(chan struct{})}
	go w.run()
	return w
}

// do runs fn in a transaction and returns once it is on the disk.
func (w *writer) do(ctx context.Context, fn func(vault.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u := &update{turn: make(chan *tx), gone: make(chan struct{}), ran: make(chan bool), done: make(chan error, 1)}
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
		return errClosed
	}
}

// take runs fn and gives the turn back, however fn ends.
func (u *update) take(ctx context.Context, t *tx, fn func(vault.Tx) error) error {
	t.ctx = ctx
	err := func() (err error) {
		err = errUnended // unless fn returns: a panic and a Goexit pass here too
		defer func() { t.ended.Store(true); u.ran <- err == nil }()
		err = fn(t)
		return err
	}()
	if err != nil {
		return err
	}
	return <-u.done
}

// run takes batches until the store closes, then answers who still waits.
func (w *writer) run() {
	defer close(w.stopped)
	for {
		select {
		case u := <-w.queue:
			w.commit(w.gather(u))
			select {
			case w.wrote <- struct{}{}:
			default:
			}
		case fn := <-w.aside:
			fn(w.session)
		case <-w.stop:
			for {
				select {
				case u := <-w.queue:
					u.done <- errClosed
				default:
					return
				}
			}
		}
	}
}

// between has fn run on the writing connection while no transaction is open,
// unless the store closes or nobody wants it any more.
func (w *writer) between(gone <-chan struct{}, fn func(*session)) {
	done := make(chan struct{})
	select {
	case w.aside <- func(s *session) { defer close(done); defer w.longest.note(clock.Real{}.Now()); fn(s) }:
		<-done
	case <-gone:
	case <-w.stop:
	}
}

// gather adds to the first update all that wait by now.
func (w *writer) gather(first *update) []*update {
	batch := []*update{first}
	for len(batch) < maxBatch {
		select {
		case u := <-w.queue:
			batch = append(batch, u)
		default:
			return batch
		}
	}
	return batch
}

// commit runs a batch in one transaction and answers all of it.
func (w *writer) commit(batch []*update) {
	defer w.longest.note(clock.Real{}.Now())
	if _, err := w.session.exec(w.begin); err != nil {
		answer(batch, fmt.Errorf("begin a transaction: %w", err))
		return
	}
	var kept []*update
	for i, u := range batch {
		ok, err := w.give(u)
		if err != nil { // the engine gave up the whole transaction
			w.session.exec("ROLLBACK")
			answer(append(kept, batch[i:]...), err)
			return
		}
		if ok {
			kept = append(kept, u)
		}
	}
	_, err := w.session.exec("COMMIT")
	if err != nil {
		w.session.exec("ROLLBACK")
		err = fmt.Errorf("commit: %w", err)
	}
	answer(kept, err)
}

// give runs one update inside a savepoint and reports whether it stays. An
// error means that the transaction is no more.
func (w *writer) give(u *update) (kept bool, err error) {
	if _, err := w.session.exec("SAVEPOINT one"); err != nil {
		return false, fmt.Errorf("begin a savepoint: %w", err)
	}
	select {
	case u.turn <- &tx{reader{session: w.session}}:
		kept = <-u.ran
	case <-u.gone:
	}
	if !kept {
		if _, err := w.session.exec("ROLLBACK TO one"); err != nil {
			return false, fmt.Errorf("undo a savepoint: %w", err)
		}
	}
	if _, err := w.session.exec("RELEASE one"); err != nil {
		return kept, fmt.Errorf("end a savepoint: %w", err)
	}
	return kept, nil
}

// answer tells each its outcome; who has left does not read it.
func answer(batch []*update, err error) {
	for _, u := range batch {
		u.done <- err
	}
}

// close lets the batch in hand end and refuses what comes after.
func (w *writer) close() {
	close(w.stop)
	<-w.stopped
}
