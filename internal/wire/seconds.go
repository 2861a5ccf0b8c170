package wire

import (
	"strconv"
	"time"

	"certwright/internal/vault"
)

// Seconds is a time on the wire; the zero time is left out.
type Seconds time.Time

// IsZero lets omitzero leave a time out that is not set.
func (s Seconds) IsZero() bool { return time.Time(s).IsZero() }

// MarshalJSON writes Unix seconds.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, time.Time(s).Unix(), 10), nil
}

// lastSecond is the end of year 9999, in Unix seconds.
const lastSecond = 253402300799

// Time reads a member that is a time; nil where it was not sent.
func Time(field string, s *float64) (*time.Time, error) {
	if s == nil {
		return nil, nil
	}
	if *s < 0 || *s > lastSecond {
		return nil, vault.Bad("%s must be a time in Unix seconds, from 0 to %d.", field, int64(lastSecond))
	}
	at := time.Unix(int64(*s), 0).UTC()
	return &at, nil
}
