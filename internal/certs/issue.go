package certs

import (
	"crypto/sha1"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"certwright/internal/authority"
	"certwright/internal/keys"
	"certwright/internal/vault"
)

// SelfSign makes a certificate signed by its own key, in DER, with subject and
// names as Fitted has them. It is valid from
// 10 minutes before now until ValidityMonths calendar months after now, and
// carries key usage (critical), basic constraints, extended key usages,
// alternative names and both key identifiers, in the service's order
// (docs/contract/certificates.md). Errors of the caller's making are vault
// refusals.
func SelfSign(k keys.Key, x vault.X509Props, now time.Time) ([]byte, error) {
	x, subject, err := fitted(x)
	if err != nil {
		return nil, err
	}
	if !x.CA {
		x.Usage = ofLeaf(x.Usage)
	}
	usage, ekus, sans, basic, err := askedExtensions(x)
	if err != nil {
		return nil, err
	}
	public := k.PKIX()
	id := keyID(public)
	t := template{
		issuer: subject, subject: subject, public: public, valid: authority.ForMonths(x.ValidityMonths, now),
		extensions: []*extension{usage, basic, ekus, sans, authorityKey(id), subjectKey(id)},
	}
	return t.sign(k)
}

// A template is a certificate before it is signed.
type template struct {
	issuer, subject, public []byte // DER
	valid                   authority.Validity
	extensions              []*extension // nil ones are left out
}

func (t template) sign(k keys.Key) ([]byte, error) {
	if err := checkTimes(t.valid); err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddASN1Int64(2) }) // v3
		b.AddASN1BigInt(authority.NewSerial(serialOctets))
		algorithmOf(k).add(b)
		b.AddBytes(t.issuer)
		t.valid.Add(b)
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

// serialOctets is how long the serial numbers of the service's own certificates are.
const serialOctets = 16

func checkTimes(v authority.Validity) error {
	if v.From.UTC().Year() < 1950 || v.To.UTC().Year() > 9999 || !v.To.After(v.From) {
		return vault.Bad("x509_props.validity_months gives no dates that a certificate can carry.")
	}
	return nil
}

// keyID is the SHA-1 of the public key's bits (RFC 5280 section 4.2.1.2).
func keyID(pkix []byte) []byte {
	sum := sha1.Sum(authority.KeyBits(pkix))
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

// monthsBetween counts the calendar months from one time to another, rounded
// up: 365 days and 10 minutes are 13 (docs/contract/certificates.md).
func monthsBetween(from, to time.Time) int {
	n := (to.UTC().Year()-from.UTC().Year())*12 + int(to.UTC().Month()) - int(from.UTC().Month())
	for n > 0 && !authority.AfterMonths(from, n-1).Before(to) {
		n--
	}
	for authority.AfterMonths(from, n).Before(to) {
		n++
	}
	return max(n, 0)
}
