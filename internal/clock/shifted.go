package clock

import (
	"sync/atomic"
	"time"
)

// Furthest is as far as a Shifted clock goes from its base: 140 years of 365
// days. Stored times are nanoseconds, which end in the year 2262, and twice
// this still is a time.Duration.
const Furthest = 140 * 365 * 24 * time.Hour

// Shifted is a clock at an offset from its base. The zero value shows real
// time. It is safe for concurrent use and must not be copied once used.
type Shifted struct {
	// Base gives the time that the offset is added to; nil means the wall clock.
	Base func() time.Time

	offset atomic.Int64 // nanoseconds
}

// Now returns the base's time plus the offset, in UTC.
func (s *Shifted) Now() time.Time {
	base := s.Base
	if base == nil {
		base = Real{}.Now
	}
	return base().Add(s.Offset()).UTC()
}

// Offset returns how far the clock is from its base.
func (s *Shifted) Offset() time.Duration { return time.Duration(s.offset.Load()) }

// Advance moves the clock forward by d and returns the new offset. The clock
// never goes back, so a negative d is ignored; it stops at Furthest.
func (s *Shifted) Advance(d time.Duration) time.Duration {
	for {
		old := s.Offset()
		next := min(old+min(max(d, 0), Furthest), Furthest)
		if s.offset.CompareAndSwap(int64(old), int64(next)) {
			return next
		}
	}
}

// Set puts the clock at an offset, be it back: for a restart, which restores
// the offset kept, and for a reset. Beyond Furthest either way it is cut off.
func (s *Shifted) Set(offset time.Duration) {
	s.offset.Store(int64(min(max(offset, -Furthest), Furthest)))
}
