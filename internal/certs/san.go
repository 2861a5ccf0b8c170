package certs

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"certwright/internal/certs/dn"
	"certwright/internal/vault"
)

// The tags of GeneralName, RFC 5280 section 4.2.1.6.
const (
	tagOther = asn1.Tag(0 | 0x80 | 0x20)
	tagEmail = asn1.Tag(1 | 0x80)
	tagDNS   = asn1.Tag(2 | 0x80)
	tagURI   = asn1.Tag(6 | 0x80)
	tagIP    = asn1.Tag(7 | 0x80)
)

// writeSANs returns the GeneralNames of s. User principal names go into
// otherName with Microsoft's identifier.
func writeSANs(s *vault.SANs) ([]byte, error) {
	for _, n := range slices.Concat(s.DNS, s.Emails, s.URIs) {
		if strings.IndexFunc(n, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0 { // they are IA5String
			return nil, vault.Bad("x509_props.sans has the name '%s', which is not in ASCII.", n)
		}
	}
	addrs := make([][]byte, len(s.IPs))
	for i, ip := range s.IPs {
		a, err := netip.ParseAddr(ip)
		if err != nil || a.Zone() != "" {
			return nil, vault.Bad("x509_props.sans.ipAddresses '%s' is not valid.", ip)
		}
		addrs[i] = a.Unmap().AsSlice()
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addNames(b, tagDNS, s.DNS)
		addNames(b, tagEmail, s.Emails)
		for _, upn := range s.UPNs {
			b.AddASN1(tagOther, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidUPN)
				b.AddASN1(asn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
					b.AddASN1(asn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(upn)) })
				})
			})
		}
		addNames(b, tagURI, s.URIs)
		for _, a := range addrs {
			b.AddASN1(tagIP, func(b *cryptobyte.Builder) { b.AddBytes(a) })
		}
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("write the alternative names: %w", err)
	}
	return der, nil
}

func addNames(b *cryptobyte.Builder, tag asn1.Tag, names []string) {
	for _, n := range names {
		b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(n)) })
	}
}

// readSANs reads GeneralNames. Kinds that the API has no member for are left
// out. The lists the service shows on import are never nil, the two newer ones
// only when there is something in them (docs/contract/certificates.md).
func readSANs(der []byte) (*vault.SANs, error) {
	in := cryptobyte.String(der)
	var names cryptobyte.String
	if !in.ReadASN1(&names, asn1.SEQUENCE) {
		return nil, errExtension
	}
	s := &vault.SANs{DNS: []string{}, Emails: []string{}, UPNs: []string{}}
	for !names.Empty() {
		var name cryptobyte.String
		var tag asn1.Tag
		if !names.ReadAnyASN1(&name, &tag) {
			return nil, errExtension
		}
		switch tag {
		case tagDNS:
			s.DNS = append(s.DNS, text(name))
		case tagEmail:
			s.Emails = append(s.Emails, text(name))
		case tagURI:
			s.URIs = append(s.URIs, text(name))
		case tagIP:
			if a, ok := netip.AddrFromSlice(name); ok {
				s.IPs = append(s.IPs, a.String())
			}
		case tagOther:
			if upn, ok := readUPN(name); ok {
				s.UPNs = append(s.UPNs, upn)
			}
		}
	}
	return s, nil
}

func readUPN(other cryptobyte.String) (string, bool) {
	var id oid
	var value, str cryptobyte.String
	var tag asn1.Tag
	if !other.ReadASN1ObjectIdentifier((*oid)(&id)) || !id.Equal(oidUPN) ||
		!other.ReadASN1(&value, asn1.Tag(0).ContextSpecific().Constructed()) || !value.ReadAnyASN1(&str, &tag) {
		return "", false
	}
	return dn.Text(tag, str)
}

// text makes printable text of bytes that ought to be ASCII.
func text(b []byte) string { return strings.ToValidUTF8(string(b), "?") }
