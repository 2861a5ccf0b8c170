package ca

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"certwright/internal/authority"
	"certwright/internal/vault"
)

// leaf signs a certificate for a request that the rules allow. form is what is in it.
func (i *Issuer) leaf(a member, p Profile, w request, months int, now time.Time) (form authority.Form, raw []byte, err error) {
	public, err := x509.MarshalPKIXPublicKey(w.public)
	if err != nil {
		return form, nil, fmt.Errorf("write the public key: %w", err)
	}
	form = authority.Form{
		Serial: authority.NewSerial(serialOctets), Subject: w.subject, Public: public, Valid: p.validity(a, months, now),
		Usage: p.grantUsage(w.usage, w.ec), KeyID: authority.KeyIDOf(public),
		Revoked: i.urls(a.name + ".crl"), Authorities: i.urls(a.name + ".crt"),
	}
	for _, e := range p.grantEKUs(w.ekus) {
		id, err := parseOID(e)
		if err != nil {
			return form, nil, err
		}
		form.Purposes = append(form.Purposes, id)
	}
	if form.Alternatives, err = w.alternatives(); err != nil {
		return form, nil, err
	}
	raw, err = a.Issue(form)
	return form, raw, err
}

// validity is the time a leaf is valid: as long as asked for, as the profile
// lets it, and as its issuing CA is.
func (p Profile) validity(a member, months int, now time.Time) authority.Validity {
	now = now.UTC().Truncate(time.Second)
	v := authority.Validity{From: now.Add(-backdated), To: authority.AfterMonths(now, months)}.Within(a.Validity())
	v.To = earlier(v.To, v.From.Add(p.cap(now)-time.Second))
	return v
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
// ballot SC-081v3; docs/issuers/ca.md).
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

var oidUPN = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 3}

// alternatives are the names, all of which were held against the rules, in DER; nil
// for none.
func (w request) alternatives() ([]byte, error) {
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
	return value, nil
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
func (p Profile) shortened(leaf authority.Form, a member, name string, o vault.Order) string {
	switch asked := authority.AfterMonths(o.Now, o.Policy.X509.ValidityMonths); {
	case !leaf.Valid.To.Before(asked.Add(-time.Minute)):
		return ""
	case leaf.Valid.To.Equal(a.Certificate.NotAfter):
		return fmt.Sprintf("It ends with its issuing CA, before the %d months asked for.", o.Policy.X509.ValidityMonths)
	}
	return fmt.Sprintf("It ends after the %d days that %s allows, before the %d months asked for.", p.cap(o.Now)/days(1), called(name), o.Policy.X509.ValidityMonths)
}
