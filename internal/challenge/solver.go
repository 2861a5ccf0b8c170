package challenge

import (
	"context"
	"fmt"
	"time"
)

// solver is what all kinds have in common: records are checked, aimed, and
// waited for.
type solver struct {
	kind      string // dns-01 or http-01
	wait      time.Duration
	look      look  // no servers: nobody is asked
	aimer     aimer // nil: records stand where the authority asks for them
	publisher publisher
}

var _ Teller = (*solver)(nil)

// How long Ready says to wait between two looks: a quarter of the time gone by.
const (
	shortestLook = time.Second
	longestLook  = 30 * time.Second
)

// Type implements Solver.
func (s *solver) Type() string { return s.kind }

// Present implements Solver.
func (s *solver) Present(ctx context.Context, r Record) error {
	r, err := s.aim(ctx, r)
	if err != nil {
		return err
	}
	return s.publisher.present(ctx, r)
}

// Cleanup implements Solver.
func (s *solver) Cleanup(ctx context.Context, r Record) error {
	r, err := s.aim(ctx, r)
	if err != nil {
		return err
	}
	return s.publisher.cleanup(ctx, r)
}

// Ready implements Solver.
func (s *solver) Ready(ctx context.Context, r Record, presented, now time.Time) (bool, time.Duration, error) {
	r, err := s.aim(ctx, r)
	if err != nil {
		return false, 0, err
	}
	age := max(now.Sub(presented), 0)
	if age < s.wait {
		return false, s.wait - age, nil
	}
	missing, err := s.look.missing(ctx, r)
	if err != nil {
		return false, 0, err
	}
	if missing != "" {
		return false, min(max(age/4, shortestLook), longestLook), nil
	}
	return true, 0, nil
}

// WaitsFor implements Teller.
func (s *solver) WaitsFor(ctx context.Context, r Record) string {
	r, err := s.aim(ctx, r)
	if err != nil {
		return ""
	}
	if missing, err := s.look.missing(ctx, r); err == nil && missing != "" {
		return fmt.Sprintf("the name server %s to show the TXT record %s", missing, r.Name)
	}
	return ""
}

// aim checks the record and finds where it stands.
func (s *solver) aim(ctx context.Context, r Record) (Record, error) {
	if err := r.check(); err != nil {
		return r, err
	}
	if r.Type != s.kind {
		return r, fmt.Errorf("%w: it is of type %s, and the solver solves %s", ErrUnfit, r.Type, s.kind)
	}
	if s.aimer == nil {
		return r, nil
	}
	return s.aimer.aim(ctx, r)
}
