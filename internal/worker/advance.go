package worker

import (
	"context"
	"errors"
	"time"

	"certwright/internal/vault"
)

// A MovableClock is a clock that people may set forward. Advance keeps the new
// offset before it takes effect, so that a restart does not turn time back.
type MovableClock interface {
	vault.Clock
	Advance(ctx context.Context, d time.Duration) error
}

// Advance moves the clock by d, stopping at every due time on the way, so that
// each job runs at its own hour. It returns when all that fell due is done. The
// clock's offset grows by d exactly, however long the jobs take.
func (w *Worker) Advance(ctx context.Context, c MovableClock, d time.Duration) error {
	left := d
	for {
		if _, err := w.RunDue(ctx); err != nil {
			return err
		}
		due, err := nextDue(ctx, w.Store)
		if err != nil && !errors.Is(err, vault.ErrNotFound) {
			return err
		}
		step := max(0, due.Sub(c.Now()))
		if err != nil || step > left {
			break
		}
		if err := c.Advance(ctx, step); err != nil {
			return err
		}
		left -= step
	}
	if err := c.Advance(ctx, left); err != nil {
		return err
	}
	w.Poke()
	_, err := w.RunDue(ctx)
	return err
}
