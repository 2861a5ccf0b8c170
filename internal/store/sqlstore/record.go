package sqlstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"
)

// recordVersion is the "v" of every JSON body written by this program. A change
// that older programs would misread raises it.
const recordVersion = 1

var errTorn = errors.New("a stored record is shorter than it says")

// encode returns a record as JSON text. Records hold plain values only, which
// always encode.
func encode(record any) string {
	text, err := json.Marshal(record)
	if err != nil {
		return ""
	}
	return string(text)
}

// decode reads a record and checks its version; v points at its V.
func decode(text string, record any, v *int) error {
	if err := json.Unmarshal([]byte(text), record); err != nil {
		return fmt.Errorf("read a stored record: %w", err)
	}
	if *v < 1 || *v > recordVersion {
		return fmt.Errorf("read a stored record: its version is %d, this program knows 1 to %d", *v, recordVersion)
	}
	return nil
}

// packed holds the byte strings of a record one after the other, so that they
// need no base64; the record keeps their lengths, in the order of put.
type packed struct{ bytes []byte }

// put adds b and returns its length; nil for a nil b.
func (p *packed) put(b []byte) *int {
	if b == nil {
		return nil
	}
	p.bytes = append(p.bytes, b...)
	n := len(b)
	return &n
}

// take returns the next byte string; nil for a nil length.
func (p *packed) take(n *int) ([]byte, error) {
	if n == nil {
		return nil, nil
	}
	if *n < 0 || *n > len(p.bytes) {
		return nil, errTorn
	}
	b := p.bytes[:*n:*n]
	if b == nil {
		b = []byte{}
	}
	p.bytes = p.bytes[*n:]
	return b, nil
}

// blob returns the bytes put, never nil.
func (p *packed) blob() []byte {
	if p.bytes == nil {
		return []byte{}
	}
	return p.bytes
}

var (
	earliest = time.Unix(0, math.MinInt64)
	furthest = time.Unix(0, math.MaxInt64)
)

// nanosOfZero stands for the zero time where a column is never NULL.
const nanosOfZero = math.MinInt64

// instant is nanos for a time that is always set.
func instant(t time.Time) int64 {
	if n := nanos(t); n != nil {
		return *n
	}
	return nanosOfZero
}

// atInstant is the reverse of instant.
func atInstant(n int64) time.Time {
	if n == nanosOfZero {
		return time.Time{}
	}
	return atNanos(&n)
}

// nanos returns t in unix nanoseconds, nil for the zero time. Years outside
// 1678 to 2262 are cut to that.
func nanos(t time.Time) *int64 {
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

// atNanos is the reverse of nanos, in UTC.
func atNanos(n *int64) time.Time {
	if n == nil {
		return time.Time{}
	}
	return time.Unix(0, *n).UTC()
}

// seconds returns t in whole unix seconds, nil for the zero time.
func seconds(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	n := t.Unix()
	return &n
}

// atSeconds is the reverse of seconds, in UTC.
func atSeconds(n *int64) time.Time {
	if n == nil {
		return time.Time{}
	}
	return time.Unix(*n, 0).UTC()
}
