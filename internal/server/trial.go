package server

import (
	"cmp"
	"context"
	"time"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// A Trial has several development servers in one process share a database and a
// clock, which is moved for all of them at once: a year of production servers in
// minutes. It is for tests; no configuration has one. Leases and the like follow
// real time, as ever.
type Trial struct {
	Store string         // URL of the database; "" for one server alone, with its own
	Clock *clock.Shifted // of all servers; a start neither keeps nor restores its offset
	Lease time.Duration  // how long a job is held before it is prolonged; 0: as in production
	Aging bool           // messages grow old by Clock as well, and are removed then
}

// enroll makes the server one of a trial.
func (s *Server) enroll() {
	if t := s.options.Trial; t != nil {
		s.config.Store = t.Store
	}
}

// lease is how long a job is held before it is prolonged.
func (s *storage) lease() time.Duration {
	if t := s.options.Trial; t != nil {
		return cmp.Or(t.Lease, workerLease)
	}
	return workerLease
}

// rowClock says how old messages are that are only read.
func (s *storage) rowClock() vault.Clock {
	if t := s.options.Trial; t != nil && t.Aging {
		return t.Clock
	}
	return clock.Real{}
}

// RunDue runs the jobs that are due and that no server holds, and returns how
// many it began once they have ended.
func (s *Server) RunDue(ctx context.Context) (int, error) { return s.worker.RunDue(ctx) }

// NextDue returns when the next job of any server is due, be it held or not;
// vault.ErrNotFound if there is none.
func (s *Server) NextDue(ctx context.Context) (due time.Time, err error) {
	err = s.store.View(ctx, func(r vault.Reader) (err error) {
		due, err = r.NextDue(clock.Real{}.Now().Add(longestHold))
		return err
	})
	return due, err
}

// longestHold is longer than any lease.
const longestHold = 100 * workerLease

// Kept are the rows of the server, and what seals values in them.
func (s *Server) Kept() (vault.Store, vault.Sealer) { return s.store, s.seal }
