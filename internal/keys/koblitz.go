package keys

import (
	"crypto"
	encoding "encoding/asn1"
	"errors"
	"io"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// koblitz is a private key on secp256k1, the API's P-256K, which the standard
// library does not know.
type koblitz struct{ *secp256k1.PrivateKey }

type oid = encoding.ObjectIdentifier

var (
	oidEC        = oid{1, 2, 840, 10045, 2, 1}
	oidSecp256k1 = oid{1, 3, 132, 0, 10}

	errNotKoblitz = errors.New("not a P-256K key")
)

// Public returns a *secp256k1.PublicKey.
func (k koblitz) Public() crypto.PublicKey { return k.PubKey() }

// Sign returns an ASN.1 DER ECDSA signature of a 32-byte digest. It is
// deterministic (RFC 6979), so the random source is not read.
func (k koblitz) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	if len(digest) != 32 {
		return nil, errors.New("sign with P-256K: the digest is not 32 bytes long")
	}
	return ecdsa.Sign(k.PrivateKey, digest).Serialize(), nil
}

// koblitzPKIX writes a SubjectPublicKeyInfo (RFC 5480).
func koblitzPKIX(pub *secp256k1.PublicKey) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addKoblitzAlgorithm(b)
		b.AddASN1BitString(pub.SerializeUncompressed())
	})
	return b.BytesOrPanic()
}

func addKoblitzAlgorithm(b *cryptobyte.Builder) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidEC)
		b.AddASN1ObjectIdentifier(oidSecp256k1)
	})
}

// pkcs8 writes OneAsymmetricKey (RFC 5958) around an ECPrivateKey (RFC 5915).
func (k koblitz) pkcs8() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(0)
		addKoblitzAlgorithm(b)
		b.AddASN1(asn1.OCTET_STRING, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(1)
				b.AddASN1OctetString(k.Serialize())
				b.AddASN1(asn1.Tag(1).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
					b.AddASN1BitString(k.PubKey().SerializeUncompressed())
				})
			})
		})
	})
	return b.Bytes()
}

// parseKoblitz reads a key from PKCS #8.
func parseKoblitz(pkcs8 []byte) (koblitz, error) {
	in := cryptobyte.String(pkcs8)
	var outer, alg, inner, ec, scalar cryptobyte.String
	var version int
	var id, curve oid
	if !in.ReadASN1(&outer, asn1.SEQUENCE) || !outer.ReadASN1Integer(&version) ||
		!outer.ReadASN1(&alg, asn1.SEQUENCE) || !alg.ReadASN1ObjectIdentifier(&id) || !id.Equal(oidEC) ||
		!alg.ReadASN1ObjectIdentifier(&curve) || !curve.Equal(oidSecp256k1) ||
		!outer.ReadASN1(&inner, asn1.OCTET_STRING) || !inner.ReadASN1(&ec, asn1.SEQUENCE) ||
		!ec.ReadASN1Integer(&version) || version != 1 || !ec.ReadASN1(&scalar, asn1.OCTET_STRING) {
		return koblitz{}, errNotKoblitz
	}
	raw, ok := padded(scalar, 32) // some writers pad, some trim
	if !ok {
		return koblitz{}, errNotKoblitz
	}
	return newKoblitz(raw)
}

// newKoblitz makes a key of its 32 bytes.
func newKoblitz(scalar []byte) (koblitz, error) {
	var s secp256k1.ModNScalar
	if s.SetByteSlice(scalar) || s.IsZero() {
		return koblitz{}, errNotKoblitz
	}
	return koblitz{secp256k1.NewPrivateKey(&s)}, nil
}

// koblitzPoint finds the point in a SubjectPublicKeyInfo on secp256k1; false for others.
func koblitzPoint(pkix []byte) ([]byte, bool) {
	in := cryptobyte.String(pkix)
	var spki, alg cryptobyte.String
	var id, curve oid
	var point []byte
	ok := in.ReadASN1(&spki, asn1.SEQUENCE) && in.Empty() && spki.ReadASN1(&alg, asn1.SEQUENCE) &&
		alg.ReadASN1ObjectIdentifier(&id) && id.Equal(oidEC) &&
		alg.ReadASN1ObjectIdentifier(&curve) && curve.Equal(oidSecp256k1) &&
		spki.ReadASN1BitStringAsBytes(&point) && spki.Empty()
	return point, ok
}
