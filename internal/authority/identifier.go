package authority

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// NewSerial returns a random serial number that fills so many octets as a
// positive DER integer; RFC 5280 section 4.1.2.2 allows 20.
func NewSerial(octets int) *big.Int {
	b := make([]byte, octets)
	rand.Read(b) // never fails (crypto/rand)
	b[0] = b[0]&0x3f | 0x40
	return new(big.Int).SetBytes(b)
}

// KeyID is method 1 of RFC 7093 section 2: the leftmost 160 bits of the SHA-256
// of the public key's bits.
func KeyID(public crypto.PublicKey) ([]byte, error) {
	pkix, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("write the public key: %w", err)
	}
	return KeyIDOf(pkix), nil
}

// KeyIDOf is KeyID of a public key in its PKIX form.
func KeyIDOf(pkix []byte) []byte {
	sum := sha256.Sum256(KeyBits(pkix))
	return sum[:20]
}

// KeyBits is what identifiers of a key are the digest of: the bit string of its
// PKIX form, or all of it where it cannot be read.
func KeyBits(pkix []byte) []byte {
	in := cryptobyte.String(pkix)
	var spki cryptobyte.String
	var bits []byte
	if !in.ReadASN1(&spki, asn1.SEQUENCE) || !spki.SkipASN1(asn1.SEQUENCE) || !spki.ReadASN1BitStringAsBytes(&bits) {
		return pkix
	}
	return bits
}
