package sqlstore

import (
	"sync/atomic"
	"time"

	"certwright/internal/clock"
)

// A longest keeps the longest of the times that it notes.
type longest struct{ nanos atomic.Int64 }

// note counts the time since began; one goroutine at a time.
func (l *longest) note(began time.Time) {
	l.nanos.Store(max(l.nanos.Load(), int64(clock.Real{}.Now().Sub(began))))
}

// LongestTransaction is the longest, since the store was opened, that one
// transaction, or what is done between two, held the writer and all others who
// write waited.
func (s *Store) LongestTransaction() time.Duration {
	return time.Duration(s.writer.longest.nanos.Load())
}
