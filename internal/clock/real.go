package clock

import "time"

// Real is the wall clock, in UTC.
type Real struct{}

// Now returns the present time in UTC.
func (Real) Now() time.Time { return time.Now().UTC() }
