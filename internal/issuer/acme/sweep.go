package acme

import (
	"context"
	"errors"

	"certwright/internal/challenge"
)

// maxSweeps is how often a record that cannot be removed is tried to be; an
// order does not wait for it for ever.
const maxSweeps = 3

// done removes what was published, once the authority has seen it.
func (w *walk) done(ctx context.Context) { w.sweep(ctx) }

// sweep removes every record that was published for the order. It reports
// whether that is over, which it also is after maxSweeps vain attempts.
func (w *walk) sweep(ctx context.Context) bool {
	w.state.discard()
	if len(w.state.Litter) == 0 || w.Solver == nil {
		return true
	}
	if w.state.Sweeps >= maxSweeps {
		return true
	}
	var left []challenge.Record
	for _, r := range w.state.Litter {
		if err := w.Solver.Cleanup(ctx, r); err != nil && !errors.Is(err, challenge.ErrUnfit) {
			left = append(left, r)
			w.note("the %s could not be removed: %v", what(r), err)
		}
	}
	if len(left) == 0 {
		w.note("what was published for the proof was removed")
		w.state.Litter = nil
		return true
	}
	w.state.Litter = left
	if w.state.Sweeps++; w.state.Sweeps < maxSweeps {
		return false
	}
	for _, r := range left {
		w.note("the %s stays behind; remove it by hand", what(r))
	}
	return true
}
