package sqlstore

import (
	"time"

	"certwright/internal/clock"
	"certwright/internal/store/record"
)

// Leases end by the clock of the database, where several servers share one: their
// own clocks differ. Callers know only their own, so what they say and hear is put
// forward or back by the difference as it was read last.

// shared is a moment of the process's clock as rows hold it.
func (s *session) shared(t time.Time) int64 { return record.Instant(t) + s.skew.Load() }

// own is a moment that a row holds, by the process's clock.
func (s *session) own(n int64) time.Time { return record.AtInstant(n - s.skew.Load()) }

// Ahead implements vault.Dated: it is by how much the database's clock was ahead of
// this process's when jobs were last looked for.
func (s *Store) Ahead() time.Duration { return time.Duration(s.skew.Load()) }

// now is the time that servers share.
func (s *Store) now() time.Time { return clock.Real{}.Now().Add(s.Ahead()) }

// readClock reads how far the database's clock is ahead.
func (r *reader) readClock() error {
	if r.session.of.clock == "" {
		return nil
	}
	var micros int64
	asked := clock.Real{}.Now()
	if err := r.one("the database's clock", r.session.of.clock, nil, &micros); err != nil {
		return err
	}
	took := clock.Real{}.Now().Sub(asked)
	skew := time.UnixMicro(micros).Sub(asked.Add(took / 2))
	if skew.Abs() < sameClock+took/2 {
		skew = 0
	}
	r.session.skew.Store(int64(skew))
	return nil
}

// sameClock is by how much two clocks that are kept right may differ.
const sameClock = 100 * time.Millisecond
