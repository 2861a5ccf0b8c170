package record

import (
	"math"
	"time"
)

var (
	earliest = time.Unix(0, math.MinInt64)
	furthest = time.Unix(0, math.MaxInt64)
)

// nanosOfZero stands for the zero time where a column is never NULL.
const nanosOfZero = math.MinInt64

// Instant is nanos for a time that is always set.
func Instant(t time.Time) int64 {
	if n := Nanos(t); n != nil {
		return *n
	}
	return nanosOfZero
}

// AtInstant is the reverse of instant.
func AtInstant(n int64) time.Time {
	if n == nanosOfZero {
		return time.Time{}
	}
	return AtNanos(&n)
}

// Nanos returns t in unix nanoseconds, nil for the zero time. Years outside
// 1678 to 2262 are cut to that.
func Nanos(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	n := t.UnixNano()
	if t.Before(earliest) {
		n = math.MinInt64
	} else if t.After(furthest) {
		n = math.MaxInt64
	}
	return &n
}

// AtNanos is the reverse of nanos, in UTC.
func AtNanos(n *int64) time.Time {
	if n == nil {
		return time.Time{}
	}
	return time.Unix(0, *n).UTC()
}

// Seconds returns t in whole unix seconds, nil for the zero time.
func Seconds(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	n := t.Unix()
	return &n
}

// AtSeconds is the reverse of seconds, in UTC.
func AtSeconds(n *int64) time.Time {
	if n == nil {
		return time.Time{}
	}
	return time.Unix(*n, 0).UTC()
}
