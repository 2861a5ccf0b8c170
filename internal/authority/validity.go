package authority

import (
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

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

// Add writes the validity: UTCTime until 2049 and GeneralizedTime after (RFC 5280
// section 4.1.2.5).
func (v Validity) Add(b *cryptobyte.Builder) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, t := range []time.Time{v.From.UTC().Truncate(time.Second), v.To.UTC().Truncate(time.Second)} {
			if t.Year() < 2050 {
				b.AddASN1UTCTime(t)
			} else {
				b.AddASN1GeneralizedTime(t)
			}
		}
	})
}

// AfterMonths goes n calendar months on. Where the month is too short the last
// day is taken, as .NET does: 31 January and one month is 28 February.
func AfterMonths(t time.Time, n int) time.Time { return vault.Period{Months: n}.After(t) }
