package ca

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"certwright/internal/vault"
)

// leaf signs a certificate for a wish that the rules allow.
func (i *Issuer) leaf(a authority, p Profile, w wish, months int, now time.Time) (*x509.Certificate, error) {
	public, err := x509.MarshalPKIXPublicKey(w.public)
	if err != nil {
		return nil, fmt.Errorf("write the public key: %w", err)
	}
	from, to := p.life(a, months, now)
	t := &x509.Certificate{
		SerialNumber: newSerial(), RawSubject: w.subject, NotBefore: from, NotAfter: to,
		KeyUsage: p.grantUsage(w.usage, w.ec), BasicConstraintsValid: true, SubjectKeyId: keyID(public),
		CRLDistributionPoints: i.urls(a.name + ".crl"), IssuingCertificateURL: i.urls(a.name + ".crt"),
	}
	for _, e := range p.grantEKUs(w.ekus) {
		id, err := parseOID(e)
		if err != nil {
			return nil, err
		}
		t.UnknownExtKeyUsage = append(t.UnknownExtKeyUsage, id)
	}
	if t.ExtraExtensions, err = w.alternatives(); err != nil {
		return nil, err
	}
	signed, err := x509.CreateCertificate(rand.Reader, t, a.cert, w.public, a.key)
	if err != nil {
		return nil, fmt.Errorf("sign the certificate: %w", err)
	}
	return x509.ParseCertificate(signed)
}

// life is the time a leaf is valid: as long as asked for, as the profile lets
// it, and as its issuing CA lives. Both ends count (RFC 5280 section 4.1.2.5).
func (p Profile) life(a authority, months int, now time.Time) (from, to time.Time) {
	now = now.UTC().Truncate(time.Second)
	from = now.Add(-backdated)
	if from.Before(a.cert.NotBefore) {
		from = a.cert.NotBefore
	}
	to = earlier(afterMonths(now, months), from.Add(p.cap(now)-time.Second))
	return from, earlier(to, a.cert.NotAfter)
}

// cap is the longest life at a time.
func (p Profile) cap(now time.Time) time.Duration {
	d := days(p.ValidityDays)
	if p.WebPKILike {
		d = min(d, publicCap(now))
	}
	return d
}

// publicCap is what browsers take from public authorities (CA/Browser Forum
// ballot SC-081v3; ISSUERS section 2.6).
func publicCap(now time.Time) time.Duration {
	for _, c := range []struct {
		since string
		days  int
	}{{"2029-03-15", 47}, {"2027-03-15", 100}, {"2026-03-15", 200}} {
		if now.UTC().Format(time.DateOnly) >= c.since {
			return days(c.days)
		}
	}
	return days(398)
}

// afterMonths goes n calendar months on; where the month is too short its last
// day is taken, as in the vault's own certificates.
func afterMonths(t time.Time, n int) time.Time {
	moved := t.AddDate(0, n, 0)
	if moved.Day() != t.Day() {
		moved = moved.AddDate(0, 0, -moved.Day())
	}
	return moved
}

var (
	oidSAN = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidUPN = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 3}
)

// alternatives are the names, all of which were held against the rules, as an
// extension: critical where there is no subject (RFC 5280 section 4.2.1.6).
func (w wish) alternatives() ([]pkix.Extension, error) {
	if w.names.Empty() {
		return nil, nil
	}
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		addTexts(b, 2, w.names.DNS)
		addTexts(b, 1, w.names.Emails)
		for _, upn := range w.names.UPNs {
			addUPN(b, upn)
		}
		addTexts(b, 6, w.names.URIs)
		for _, ip := range w.names.IPs {
			if a, err := netip.ParseAddr(ip); err == nil {
				b.AddASN1(der.Tag(7).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(a.Unmap().AsSlice()) })
			}
		}
	})
	value, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("write the alternative names: %w", err)
	}
	return []pkix.Extension{{Id: oidSAN, Critical: len(w.subject) <= 2, Value: value}}, nil
}

func addTexts(b *cryptobyte.Builder, tag uint8, names []string) {
	for _, n := range names {
		b.AddASN1(der.Tag(tag).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes([]byte(n)) })
	}
}

// addUPN writes an otherName with Microsoft's identifier.
func addUPN(b *cryptobyte.Builder, upn string) {
	b.AddASN1(der.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidUPN)
		b.AddASN1(der.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1(der.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(upn)) })
		})
	})
}

// shortened says why a leaf lives less than was asked for; "" if it does not.
func (p Profile) shortened(leaf *x509.Certificate, a authority, name string, o vault.Order) string {
	switch asked := afterMonths(o.Now.UTC(), o.Policy.X509.ValidityMonths); {
	case !leaf.NotAfter.Before(asked.Add(-time.Minute)):
		return ""
	case leaf.NotAfter.Equal(a.cert.NotAfter):
		return fmt.Sprintf("It ends with its issuing CA, before the %d months asked for.", o.Policy.X509.ValidityMonths)
	}
	return fmt.Sprintf("It ends after the %d days that %s allows, before the %d months asked for.", p.cap(o.Now)/days(1), called(name), o.Policy.X509.ValidityMonths)
}
