package authority

import (
	"crypto/x509"
	"encoding/asn1"
	"math/bits"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// AddExtension writes an extension, whose value is DER (RFC 5280 section 4.1).
func AddExtension(b *cryptobyte.Builder, id asn1.ObjectIdentifier, critical bool, value cryptobyte.BuilderContinuation) {
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(id)
		if critical {
			b.AddASN1Boolean(true)
		}
		b.AddASN1(der.OCTET_STRING, value)
	})
}

// extensionID is the identifier of an extension of RFC 5280 section 4.2.1.
func extensionID(n int) asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 29, n} }

var (
	oidAuthorityAccess = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 1}
	oidAuthorityIssuer = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 2}
)

// extend writes the extensions of a leaf.
func (f Form) extend(b *cryptobyte.Builder, by *x509.Certificate) {
	if f.Usage != 0 {
		AddExtension(b, extensionID(15), true, func(b *cryptobyte.Builder) { addUsage(b, f.Usage) })
	}
	if len(f.Purposes) > 0 {
		AddExtension(b, extensionID(37), false, f.addPurposes)
	}
	AddExtension(b, extensionID(19), true, func(b *cryptobyte.Builder) { b.AddASN1(der.SEQUENCE, func(*cryptobyte.Builder) {}) }) // no authority
	AddExtension(b, extensionID(14), false, func(b *cryptobyte.Builder) { b.AddASN1OctetString(f.KeyID) })
	if len(by.SubjectKeyId) > 0 {
		AddExtension(b, extensionID(35), false, func(b *cryptobyte.Builder) {
			b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(der.Tag(0).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(by.SubjectKeyId) })
			})
		})
	}
	if len(f.Authorities) > 0 {
		AddExtension(b, oidAuthorityAccess, false, f.addAuthorities)
	}
	if len(f.Revoked) > 0 {
		AddExtension(b, extensionID(31), false, f.addRevoked)
	}
	if f.Alternatives != nil {
		critical := len(f.Subject) <= 2 // RFC 5280 section 4.2.1.6
		AddExtension(b, extensionID(17), critical, func(b *cryptobyte.Builder) { b.AddBytes(f.Alternatives) })
	}
}

// addUsage writes a named bit list: the first bit first, without zeros at its end.
func addUsage(b *cryptobyte.Builder, usage x509.KeyUsage) {
	low, high := bits.Reverse8(byte(usage)), bits.Reverse8(byte(usage>>8))
	octets := []byte{low, high}
	if high == 0 {
		octets = octets[:1]
	}
	unused := bits.TrailingZeros8(octets[len(octets)-1])
	b.AddASN1(der.BIT_STRING, func(b *cryptobyte.Builder) {
		b.AddUint8(uint8(unused))
		b.AddBytes(octets)
	})
}

func (f Form) addPurposes(b *cryptobyte.Builder) {
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, id := range f.Purposes {
			b.AddASN1ObjectIdentifier(id)
		}
	})
}

func (f Form) addAuthorities(b *cryptobyte.Builder) {
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, url := range f.Authorities {
			b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidAuthorityIssuer)
				addURL(b, url)
			})
		}
	})
}

func (f Form) addRevoked(b *cryptobyte.Builder) {
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, url := range f.Revoked {
			b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(der.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
					b.AddASN1(der.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { addURL(b, url) })
				})
			})
		}
	})
}

// addURL writes a uniformResourceIdentifier of a GeneralName.
func addURL(b *cryptobyte.Builder, url string) {
	b.AddASN1(der.Tag(6).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes([]byte(url)) })
}
