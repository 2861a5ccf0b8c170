package worker

import (
	"context"
	"errors"
	"time"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// errGivenUp: a job's lease is about to end and could not be prolonged, so that
// another server may take it.
var errGivenUp = errors.New("its lease could not be prolonged in time")

// An extension is what came of an attempt to prolong a lease.
type extension struct {
	lease vault.Lease
	err   error
}

// prolong extends the lease at every third of it. A lease that was lost ends the
// job, and so does one that will end in a sixth of it, whatever keeps the store
// from prolonging it: it may refuse, or not answer.
func (w *Worker) prolong(ctx context.Context, stop context.CancelCauseFunc, l vault.Lease) {
	tick := time.NewTicker(w.Lease / 3)
	defer tick.Stop()
	late := time.NewTimer(w.left(l))
	defer late.Stop()
	var asked chan extension // nil: nobody was
	for {
		select {
		case <-ctx.Done():
			return
		case <-late.C:
			stop(errGivenUp)
			return
		case <-tick.C:
			if asked == nil {
				asked = w.ask(ctx, l)
			}
		case e := <-asked:
			asked = nil
			if errors.Is(e.err, vault.ErrStale) {
				stop(context.Canceled)
				return
			}
			if e.err == nil {
				l = e.lease
				late.Reset(w.left(l))
			}
		}
	}
}

// left is how long a job may go on with its lease.
func (w *Worker) left(l vault.Lease) time.Duration {
	return l.Until.Sub(clock.Real{}.Now()) - w.Lease/6
}

// ask has the store prolong a lease; the answer may come after the job's end.
func (w *Worker) ask(ctx context.Context, l vault.Lease) chan extension {
	answer := make(chan extension, 1)
	until := clock.Real{}.Now().Add(w.Lease)
	go func() {
		next, err := w.Store.Extend(ctx, l, until)
		answer <- extension{next, err}
	}()
	return answer
}
