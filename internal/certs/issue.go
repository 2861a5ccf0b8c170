package certs

import (
	"crypto/rand"
	"crypto/sha1"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"certwright/internal/certs/dn"
	"certwright/internal/keys"
	"certwright/internal/vault"
)

// SelfSign makes a certificate signed by its own key, in DER, with subject and
// names as Fitted has them. It is valid from
// 10 minutes before now until ValidityMonths calendar months after now, and
// carries key usage (critical), basic constraints, extended key usages,
// alternative names and both key identifiers, in the service's order (CONTRACT
// section 5, "What is generated"). Errors of the caller's making are vault refusals.
func SelfSign(k keys.Key, x vault.X509Props, now time.Time) ([]byte, error) {
	x, err := Fitted(x)
	if err != nil {
		return nil, err
	}
	if !x.CA {
		x.Usage = ofLeaf(x.Usage)
	}
	subject, err := dn.Parse(x.Subject)
	if err != nil {
		return nil, err
	}
	usage, ekus, sans, basic, err := askedExtensions(x)
	if err != nil {
		return nil, err
	}
	public := k.PKIX()
	id := keyID(public)
	t := template{
		issuer: subject, subject: subject, public: public,
		from: now.Add(-backdated), to: addMonths(now, x.ValidityMonths),
		extensions: []*extension{usage, basic, ekus, sans, authorityKey(id), subjectKey(id)},
	}
	return t.sign(k)
}

// backdated is how long before its making a certificate begins to be valid,
// for the sake of clocks that are slow (CONTRACT section 5).
const backdated = 10 * time.Minute

// A template is a certificate before it is signed.
type template struct {
	issuer, subject, public []byte // DER
	from, to                time.Time
	extensions              []*extension // nil ones are left out
}

func (t template) sign(k keys.Key) ([]byte, error) {
	if err := checkTimes(t.from, t.to); err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddASN1Int64(2) }) // v3
		b.AddASN1(asn1.INTEGER, func(b *cryptobyte.Builder) { b.AddBytes(newSerial()) })
		algorithmOf(k).add(b)
		b.AddBytes(t.issuer)
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addTime(b, t.from)
			addTime(b, t.to)
		})
		b.AddBytes(t.subject)
		b.AddBytes(t.public)
		b.AddASN1(asn1.Tag(3).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { addExtensions(b, t.extensions...) })
	})
	tbs, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("write the certificate: %w", err)
	}
	return sign(k, tbs)
}

// newSerial returns 16 random bytes that are a positive DER integer of that length.
func newSerial() []byte {
	b := make([]byte, 16)
	rand.Read(b) // never fails (crypto/rand)
	b[0] = b[0]&0x3f | 0x40
	return b
}

func checkTimes(from, to time.Time) error {
	if from.UTC().Year() < 1950 || to.UTC().Year() > 9999 || !to.After(from) {
		return vault.Bad("x509_props.validity_months gives no dates that a certificate can carry.")
	}
	return nil
}

// addTime writes UTCTime until 2049 and GeneralizedTime after (RFC 5280
// section 4.1.2.5).
func addTime(b *cryptobyte.Builder, t time.Time) {
	t = t.UTC().Truncate(time.Second)
	if t.Year() < 2050 {
		b.AddASN1UTCTime(t)
	} else {
		b.AddASN1GeneralizedTime(t)
	}
}

// keyID is the SHA-1 of the public key's bits (RFC 5280 section 4.2.1.2).
func keyID(pkix []byte) []byte {
	in := cryptobyte.String(pkix)
	var spki, alg cryptobyte.String
	var bits []byte
	if !in.ReadASN1(&spki, asn1.SEQUENCE) || !spki.ReadASN1(&alg, asn1.SEQUENCE) || !spki.ReadASN1BitStringAsBytes(&bits) {
		bits = pkix
	}
	sum := sha1.Sum(bits)
	return sum[:]
}

func subjectKey(id []byte) *extension {
	var b cryptobyte.Builder
	b.AddASN1OctetString(id)
	return &extension{oidSKI, false, b.BytesOrPanic()}
}

func authorityKey(id []byte) *extension {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.Tag(0).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(id) })
	})
	return &extension{oidAKI, false, b.BytesOrPanic()}
}

// addMonths goes n calendar months on. Where the month is too short the last
// day is taken, as .NET does: 31 January and one month is 28 February.
func addMonths(t time.Time, n int) time.Time {
	t = t.UTC()
	moved := t.AddDate(0, n, 0)
	if moved.Day() != t.Day() {
		moved = moved.AddDate(0, 0, -moved.Day())
	}
	return moved
}

// monthsBetween counts the calendar months from one time to another, rounded
// up: 365 days and 10 minutes are 13 (CONTRACT section 5).
func monthsBetween(from, to time.Time) int {
	n := (to.UTC().Year()-from.UTC().Year())*12 + int(to.UTC().Month()) - int(from.UTC().Month())
	for n > 0 && !addMonths(from, n-1).Before(to) {
		n--
	}
	for addMonths(from, n).Before(to) {
		n++
	}
	return max(n, 0)
}
