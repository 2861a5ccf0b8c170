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
func (s *step) done(ctx context.Context) { s.sweep(ctx) }

// sweep removes every record that was published for the order. It reports
// whether that is over, which it also is after maxSweeps vain attempts.
func (s *step) sweep(ctx context.Context) bool {
	s.state.discard()
	if len(s.state.Litter) == 0 || s.Solver == nil {
		return true
	}
	if s.state.Sweeps >= maxSweeps {
		return true
	}
	var left []challenge.Record
	for _, r := range s.state.Litter {
		if err := s.Solver.Cleanup(ctx, r); err != nil && !errors.Is(err, challenge.ErrUnfit) {
			left = append(left, r)
			s.note("the %s could not be removed: %v", what(r), err)
		}
	}
	if len(left) == 0 {
		s.note("what was published for the proof was removed")
		s.state.Litter = nil
		return true
	}
	s.state.Litter = left
	if s.state.Sweeps++; s.state.Sweeps < maxSweeps {
		return false
	}
	for _, r := range left {
		s.note("the %s stays behind; remove it by hand", what(r))
	}
	return true
}
