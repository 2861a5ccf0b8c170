package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"certwright/internal/clock"
)

const (
	maxBatch = 64                     // how many updates share one commit at most
	linger   = 300 * time.Microsecond // what a commit waits for as many as the last one had
	enough   = 20 * time.Millisecond  // after which a commit takes nobody more in
)

var (
	errClosed  = errors.New("the store is closed")
	errUnended = errors.New("the function did not return")
)

// A writer owns the writing connections and commits in groups: all updates that
// come, up to maxBatch, share one transaction and so one fsync. Nobody is answered
// before the commit.
//
// The functions run in their callers' goroutines, one after the other, by
// handing the turn around: so a panic unwinds to who caused it. One that fails
// before it wrote anything leaves no trace. Where one fails after that, all is
// rolled back and the others run again, each in a savepoint (again.go). Why it failed
// is told once what it saw is on the disk; where that did not become, it runs again.
//
// Of several connections one gathers updates, while others commit: a group that
// commits has all its locks and waits for nobody (lanes.go).
type writer struct {
	session *session // that gathers
	lanes   lanes
	connect func(context.Context, ...[]string) (*session, error)
	queue   chan *update
	aside   chan func(*session) // what is done between two transactions
	wrote   chan struct{}       // holds one if there was a commit since it was looked at
	stop    chan struct{}       // closed by close
	stopped chan struct{}       // closed when run has ended

	commits atomic.Int64 // with a proof
	last    int          // how many updates the last commit had
	chore   bool         // purged objects may have left versions
	swept   time.Time    // when some were last removed
	longest longest      // that one transaction held it
}

func newWriter(s *session, connect func(context.Context, ...[]string) (*session, error)) *writer {
	w := &writer{session: s, connect: connect, queue: make(chan *update, maxBatch), lanes: newLanes(s),
		aside: make(chan func(*session)), wrote: make(chan struct{}, 1),
		stop: make(chan struct{}), stopped: make(chan struct{}), chore: true}
	go w.run()
	return w
}

// run takes updates until the store closes, then answers who still waits.
func (w *writer) run() {
	defer close(w.stopped)
	for {
		s, first := w.take()
		if s != w.session {
			w.session = s
		}
		if first != nil {
			w.commit(first)
			continue
		}
		if w.chore && (len(w.queue) == 0 || (clock.Real{}).Now().Sub(w.swept) > sweepWait) {
			w.sweep()
		}
		select {
		case u := <-w.queue:
			w.commit(u)
		case fn := <-w.aside:
			w.timed(fn)
			w.lanes.give(w.session)
		case <-w.more():
			w.lanes.give(w.session)
		case <-w.stop:
			w.lanes.give(w.session)
			w.refuse()
			w.lanes.wait()
			return
		}
	}
}

// refuse answers who still waits when the store closes.
func (w *writer) refuse() {
	for {
		select {
		case u := <-w.queue:
			u.done <- errClosed
		default:
			return
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

// commit runs an update, and those that come meanwhile, in one transaction and
// has all of them answered.
func (w *writer) commit(first *update) {
	began := clock.Real{}.Now()
	defer w.longest.note(began)
	if err := w.begin(w.session.of.together); err != nil {
		w.given([]*update{first}, err)
		w.lanes.give(w.session)
		return
	}
	g, ok := w.gather(first, began)
	var err error
	if ok {
		err = w.ready(g.kept)
	} else {
		w.session.rollback()
	}
	if ok = ok && !errors.Is(err, errUnmet); !ok {
		w.again(g.anew())
	}
	held := w.session
	w.lanes.finish(held, func() {
		if ok {
			w.end(held, g, err)
		}
		answer(g.sure, nil)
	})
}

// gather runs an update and those that come meanwhile. It is not ok if one has
// failed that must be undone.
func (w *writer) gather(first *update, began time.Time) (g group, ok bool) {
	var patience <-chan time.Time
	if w.last > 1 {
		patience = time.After(linger)
	}
	for u, n := first, 1; u != nil; n++ {
		switch u.give(w.session) {
		case stays:
			g.kept = append(g.kept, u)
		case idles:
			g.fails(u)
		case fails:
			g.fails(u)
			return g, false
		case waits:
			w.later(u, w.session.fault)
			return g, false
		case doubts:
			g.kept = append(g.kept, u)
			return g, false
		}
		if n == maxBatch || (clock.Real{}).Now().Sub(began) > enough {
			break
		}
		if n >= w.last {
			patience = nil
		}
		u = w.next(patience)
	}
	return g, true
}

// next returns an update that waits by now, or that comes in time; nil: none.
func (w *writer) next(patience <-chan time.Time) *update {
	select {
	case u := <-w.queue:
		return u
	default:
	}
	if patience == nil {
		return nil
	}
	select {
	case u := <-w.queue:
		return u
	case <-patience:
		return nil
	}
}

// ready does all but the commit. errUnmet: the updates must run again.
func (w *writer) ready(kept []*update) error {
	s := w.session
	w.last, w.chore, s.left = len(kept), w.chore || s.left, false
	return w.prove()
}

// end commits, unless err says that there is nothing to commit any more, and answers.
func (w *writer) end(s *session, g group, err error) {
	if err == nil {
		err = w.settle(s)
	}
	switch {
	case errors.Is(err, errAnew):
		w.allLater(g.anew(), err)
		return
	case err != nil:
		err = fmt.Errorf("commit: %w", err)
		w.allLater(g.failed, err)
	default:
		answer(g.failed, nil) // they know why
	}
	answer(g.kept, err)
	select {
	case w.wrote <- struct{}{}:
	default:
	}
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

// timed does something with the writer's connection, and notes how long it held it.
func (w *writer) timed(fn func(*session)) {
	defer w.longest.note(clock.Real{}.Now())
	fn(w.session)
}
