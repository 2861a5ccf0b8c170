package wire

import (
	"strconv"
	"time"
)

// Seconds is a time on the wire; the zero time is left out.
type Seconds time.Time

// IsZero lets omitzero leave a time out that is not set.
func (s Seconds) IsZero() bool { return time.Time(s).IsZero() }

// MarshalJSON writes Unix seconds.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, time.Time(s).Unix(), 10), nil
}
