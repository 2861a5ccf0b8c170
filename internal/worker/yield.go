package worker

import (
	"context"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// slot is the key under which a job's context has how to give its slot back.
type slot struct{}

// Yield gives back the slot of the job that runs in ctx, which waits for somebody
// outside who may never answer: from now on it holds up neither other jobs nor
// RunDue. Without a job it does nothing.
func Yield(ctx context.Context) {
	if give, ok := ctx.Value(slot{}).(func()); ok {
		give()
	}
}

// yield makes a job that runs one aside, for which nobody waits any more.
func (w *Worker) yield(l vault.Lease) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, aside := w.aside[l.Token]; !aside {
		w.running--
	}
	w.aside[l.Token] = clock.Real{}.Now()
	close(w.finished) // a slot is free
	w.finished = make(chan struct{})
}
