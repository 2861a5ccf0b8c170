package keyvault

import (
	"encoding/json"
	"strconv"
	"time"
)

// Seconds is a time on the wire, in Unix seconds; the zero time is none.
type Seconds struct{ time.Time }

// MarshalJSON writes Unix seconds.
func (s Seconds) MarshalJSON() ([]byte, error) { return strconv.AppendInt(nil, s.Unix(), 10), nil }

// UnmarshalJSON reads them.
func (s *Seconds) UnmarshalJSON(b []byte) error {
	var n *int64
	if err := json.Unmarshal(b, &n); err != nil || n == nil {
		return err
	}
	s.Time = time.Unix(*n, 0).UTC()
	return nil
}

// IsZero lets omitzero leave a time out that is not set.
func (s Seconds) IsZero() bool { return s.Time.IsZero() }
