// Package worker runs what falls due. It claims jobs with a lease, runs their
// handlers side by side, and knows what none of them does. Begin with Run;
// tests and the moved clock use RunDue, which never waits for time.
package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"certwright/internal/clock"
	"certwright/internal/engine"
	"certwright/internal/vault"
)

// A Handler does one job. It ends the job with engine.Work, or engine.Finish, in
// the transaction that stores what it did, and may plan it again there. An error
// leaves the job as it was; the worker puts it off.
type Handler func(ctx context.Context, l vault.Lease) error

// Worker runs due jobs until told to stop.
type Worker struct {
	Store    vault.Store
	Clock    vault.Clock // due times follow it; leases follow real time
	Handlers map[vault.JobKind]Handler
	Slots    int // jobs at a time
	// Aside are kinds of jobs that somebody outside may let hang: they take no
	// slot, so that they hold up neither others nor each other, and RunDue waits
	// for one of them no longer than this.
	Aside map[vault.JobKind]time.Duration
	Lease time.Duration // how long a job is held before it is prolonged
	Log   *slog.Logger

	*flight
}

// flight is what is going on right now.
type flight struct {
	poke     chan struct{}
	mu       sync.Mutex
	claiming sync.Mutex // one claim at a time
	running  int
	wakes    time.Time            // when Run wakes by itself; zero: it is awake
	asked    time.Time            // what PokeAt told of meanwhile, the earliest; zero: nothing
	aside    map[string]time.Time // until when RunDue waits for each, by its lease's token
	home     context.Context      // of Run: jobs end with it, not with a call of RunDue; nil before
	finished chan struct{}        // closed and replaced whenever a job ends
	resting  atomic.Bool          // no more jobs are begun
}

// New returns a worker ready to run.
func New(w Worker) *Worker {
	w.flight = &flight{poke: make(chan struct{}, 1), finished: make(chan struct{}), aside: map[string]time.Time{}}
	return &w
}

// Poke tells that there is new work or that the clock was moved.
func (w *Worker) Poke() {
	select {
	case w.poke <- struct{}{}:
	default:
	}
}

// PokeAt tells that there is new work which falls due at a time of the server's
// clock. It does not wake a worker that will wake by then; one that is awake will.
func (w *Worker) PokeAt(due time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.wakes.IsZero():
		w.asked = earlier(w.asked, due)
	case due.Before(w.wakes):
		w.Poke()
	}
}

// earlier of two times, of which the first may be none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// longestNap bounds how long the worker sleeps with nothing due: by then it
// looks again, for jobs whose lease a dead process left behind.
const longestNap = time.Minute

// failedNap is how long the worker waits at least before it claims again what it
// could not.
const failedNap = time.Second

// Run runs due jobs, waits for the next due time, a poke or a finished job,
// and returns when ctx ends and its last job has.
func (w *Worker) Run(ctx context.Context) error {
	w.mu.Lock()
	w.home = ctx
	w.mu.Unlock()
	for ctx.Err() == nil {
		ended := w.ended()
		_, err := w.start(ctx)
		if err != nil && ctx.Err() == nil && !vault.IsStorageFault(err) { // of its disk the store tells itself, once
			w.Log.Error("jobs could not be claimed", "error", err)
		}
		length := longestNap // with no slot free, only the end of a job is worth looking again
		if w.free() > 0 && !w.resting.Load() {
			length = w.nap(ctx)
		}
		if err != nil {
			length = max(length, failedNap)
		}
		nap := time.NewTimer(length)
		select {
		case <-ctx.Done():
		case <-w.poke:
		case <-ended:
		case <-nap.C:
		}
		nap.Stop()
	}
	for {
		ended := w.ended() // before the look, so that no end is missed
		if w.empty() {
			return nil
		}
		<-ended
	}
}

// RunDue runs everything that is due now, and what falls due meanwhile, and
// returns how many jobs it started once none is left running, but for those
// aside that take long.
func (w *Worker) RunDue(ctx context.Context) (done int, err error) {
	for {
		ended := w.ended()
		n, err := w.start(ctx)
		done += n
		if err != nil {
			return done, err
		}
		if n > 0 {
			continue // there may be more that is due, and room for it
		}
		wait := w.wait()
		if wait == 0 {
			return done, nil
		}
		patience := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-ended:
		case <-patience.C:
		}
		patience.Stop()
		if err != nil {
			return done, err
		}
	}
}

// start claims as many due jobs as there are free slots and runs them.
func (w *Worker) start(ctx context.Context) (int, error) {
	w.claiming.Lock() // so that running counts jobs only: RunDue and Run claim at the same time
	defer w.claiming.Unlock()
	free := w.free()
	if free == 0 || w.resting.Load() {
		return 0, nil
	}
	leases, err := w.Store.Claim(ctx, w.Clock.Now(), clock.Real{}.Now(), w.Lease, free)
	for _, l := range leases {
		go w.do(w.begin(ctx, l), l)
	}
	return len(leases), err
}

// free is how many slots are.
func (w *Worker) free() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Slots - w.running
}

// begin counts a job, and returns what it runs in: one aside may go on when who
// started it has stopped waiting.
func (w *Worker) begin(ctx context.Context, l vault.Lease) context.Context {
	w.mu.Lock()
	defer w.mu.Unlock()
	if patience, aside := w.Aside[l.Kind]; aside {
		w.aside[l.Token] = clock.Real{}.Now().Add(patience)
	} else {
		w.running++
	}
	if w.home != nil {
		ctx = w.home
	}
	return context.WithValue(ctx, slot{}, func() { w.yield(l) })
}

// do runs one job, prolonging its lease while it runs.
func (w *Worker) do(ctx context.Context, l vault.Lease) {
	defer w.end(l)
	handler := w.Handlers[l.Kind]
	if handler == nil {
		w.Log.Error("job without a handler", "kind", l.Kind, "of", l.Ref.String())
		return
	}
	ctx, stop := context.WithCancelCause(ctx)
	var beat sync.WaitGroup
	beat.Go(func() { w.prolong(ctx, stop, l) })
	err := safely(ctx, l, handler)
	stop(nil)
	beat.Wait()
	if cause := context.Cause(ctx); errors.Is(cause, errGivenUp) {
		w.Log.Warn("job stopped; whoever reaches the database goes on with it", "kind", l.Kind, "of", l.Ref.String(), "error", cause)
	} else if err != nil {
		w.putOff(l, err)
	}
}

// safely runs a handler. One that panics, as a library may at an answer that
// nobody thought of, must not take all other jobs along, again at every start.
func safely(ctx context.Context, l vault.Lease, handler Handler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return handler(ctx, l)
}

// putOff gives a job that failed inside another try, later each time. Stored
// state decides what the handler does then.
func (w *Worker) putOff(l vault.Lease, cause error) {
	if vault.IsStorageFault(cause) {
		return // nothing can be stored: its lease will end
	}
	w.Log.Error("job failed", "kind", l.Kind, "of", l.Ref.String(), "attempt", l.Attempt+1, "error", cause)
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	due := w.Clock.Now().Add(time.Second << min(l.Attempt, 11))
	if err := engine.PutOff(ctx, w.Store, l, due); err != nil {
		w.Log.Error("job could not be put off; its lease will end", "kind", l.Kind, "of", l.Ref.String(), "error", err)
	}
}

// nap is how long nothing will fall due.
func (w *Worker) nap(ctx context.Context) time.Duration {
	w.looks()
	due, err := nextDue(ctx, w.Store)
	now := w.Clock.Now()
	if last := now.Add(longestNap); err != nil || due.After(last) {
		due = last
	}
	return max(0, w.sleepsUntil(due).Sub(now))
}

// looks begins a look at what falls due, which may not see what is new from now on.
func (w *Worker) looks() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wakes, w.asked = time.Time{}, time.Time{}
}

// sleepsUntil ends it with what it found, or with what was told of meanwhile.
func (w *Worker) sleepsUntil(due time.Time) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wakes = earlier(w.asked, due)
	return w.wakes
}

func nextDue(ctx context.Context, s vault.Store) (due time.Time, err error) {
	err = s.View(ctx, func(r vault.Reader) (err error) {
		due, err = r.NextDue(clock.Real{}.Now())
		return err
	})
	return due, err
}

func (w *Worker) end(l vault.Lease) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, aside := w.aside[l.Token]; aside {
		delete(w.aside, l.Token)
	} else {
		w.running--
	}
	close(w.finished)
	w.finished = make(chan struct{})
}

func (w *Worker) ended() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.finished
}

// empty reports whether no job runs.
func (w *Worker) empty() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.running == 0 && len(w.aside) == 0
}

// wait is how long RunDue still waits for what runs; 0: no more.
func (w *Worker) wait() (longest time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running > 0 {
		return longestNap // a job's end comes before
	}
	now := clock.Real{}.Now()
	for _, until := range w.aside {
		longest = max(longest, until.Sub(now))
	}
	return longest
}
