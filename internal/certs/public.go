package certs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"certwright/internal/vault"
)

// A PublicKey is a public key in the parts of a JSON web key. N and E are
// unsigned big-endian without leading zeros; X and Y are padded to the curve's
// field (RFC 7518 sections 6.2.1 and 6.3.1).
type PublicKey struct {
	Type       vault.KeyType // RSA or EC
	Curve      vault.Curve   // EC only
	Size       int           // bits
	N, E, X, Y []byte
}

// ParsePublic reads a PKIX public key in DER: RSA, or EC on one of the API's curves.
func ParsePublic(pkix []byte) (PublicKey, error) {
	pub, err := parsePublic(pkix)
	if err != nil {
		return PublicKey{}, err
	}
	switch k := pub.(type) {
	case *rsa.PublicKey:
		return PublicKey{Type: vault.RSA, Size: k.N.BitLen(), N: k.N.Bytes(), E: big.NewInt(int64(k.E)).Bytes()}, nil
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			return PublicKey{}, fmt.Errorf("read the public key: %w", err)
		}
		return pointKey(curveName(k.Curve), point), nil
	case *secp256k1.PublicKey:
		return pointKey(vault.P256K, k.SerializeUncompressed()), nil
	}
	return PublicKey{}, errPublicKind
}

var errPublicKind = errors.New("read the public key: neither RSA nor EC on a supported curve")

// pointKey splits an uncompressed point: 4, X, Y.
func pointKey(c vault.Curve, point []byte) PublicKey {
	half := len(point) / 2
	return PublicKey{Type: vault.EC, Curve: c, Size: c.Size(), X: point[1 : 1+half], Y: point[1+half:]}
}

// maxPublic is the longest public key looked at, in bytes, for the reason of maxKey.
const maxPublic = 4 << 10

// parsePublic returns *rsa.PublicKey, *ecdsa.PublicKey or *secp256k1.PublicKey.
func parsePublic(pkix []byte) (any, error) {
	if len(pkix) > maxPublic {
		return nil, errPublicKind
	}
	if point, ok := koblitzPoint(pkix); ok {
		pub, err := secp256k1.ParsePubKey(point)
		if err != nil {
			return nil, fmt.Errorf("read the P-256K public key: %w", err)
		}
		return pub, nil
	}
	pub, err := x509.ParsePKIXPublicKey(pkix)
	if err != nil {
		return nil, fmt.Errorf("read the public key: %w", err)
	}
	switch k := pub.(type) {
	case *rsa.PublicKey:
		return k, nil
	case *ecdsa.PublicKey:
		if curveName(k.Curve) != "" {
			return k, nil
		}
	}
	return nil, errPublicKind
}

func koblitzPoint(pkix []byte) ([]byte, bool) {
	in := cryptobyte.String(pkix)
	var spki, alg cryptobyte.String
	var id, curve oid
	var point []byte
	ok := in.ReadASN1(&spki, asn1.SEQUENCE) && in.Empty() && spki.ReadASN1(&alg, asn1.SEQUENCE) &&
		alg.ReadASN1ObjectIdentifier((*oid)(&id)) && id.Equal(oidEC) &&
		alg.ReadASN1ObjectIdentifier((*oid)(&curve)) && curve.Equal(oidSecp256k1) &&
		spki.ReadASN1BitStringAsBytes(&point) && spki.Empty()
	return point, ok
}

// plainPublic writes a public key in the one form that keys are compared in:
// compressed points and missing parameters are written out. A key of another
// kind stays as it is.
func plainPublic(pkix []byte) []byte {
	pub, err := parsePublic(pkix)
	if err != nil {
		return pkix
	}
	if k, ok := pub.(*secp256k1.PublicKey); ok {
		return koblitzPKIX(k)
	}
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return pkix
	}
	return der
}

func samePublic(a, b []byte) bool {
	return bytes.Equal(a, b) || bytes.Equal(plainPublic(a), plainPublic(b))
}
