package authority

import (
	"time"

	"certwright/internal/vault"
)

// Backdate is how long before its making a certificate begins to be valid, for
// the sake of clocks that are slow.
const Backdate = 10 * time.Minute

// A Validity is the time that a certificate is valid. Both ends count (RFC 5280
// section 4.1.2.5).
type Validity struct{ From, To time.Time }

// ForMonths is the validity of a certificate made now for a number of calendar months.
func ForMonths(n int, now time.Time) Validity {
	return Validity{now.Add(-Backdate), AfterMonths(now, n)}
}

// Within is the part of a validity that lies in that of who signs.
func (v Validity) Within(signer Validity) Validity {
	if v.From.Before(signer.From) {
		v.From = signer.From
	}
	if v.To.After(signer.To) {
		v.To = signer.To
	}
	return v
}

// AfterMonths goes n calendar months on. Where the month is too short the last
// day is taken, as .NET does: 31 January and one month is 28 February.
func AfterMonths(t time.Time, n int) time.Time { return vault.Period{Months: n}.After(t) }
