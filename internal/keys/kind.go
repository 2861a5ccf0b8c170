package keys

import (
	"errors"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// ErrKind says that a private key is of a kind that the API does not have.
var ErrKind = errors.New("neither an RSA key nor an EC key on a named curve of the API")

var (
	oidRSA = oid{1, 2, 840, 113549, 1, 1, 1}
	curves = []oid{{1, 2, 840, 10045, 3, 1, 7}, {1, 3, 132, 0, 34}, {1, 3, 132, 0, 35}, oidSecp256k1}
)

// otherKind reports whether PKCS #8 DER says that its key is of another kind
// than those of the API, such as Ed25519, or EC with its parameters written out.
func otherKind(pkcs8 []byte) bool {
	der := cryptobyte.String(pkcs8)
	var body, algorithm cryptobyte.String
	var id, curve oid
	switch {
	case !der.ReadASN1(&body, asn1.SEQUENCE) || !body.SkipASN1(asn1.INTEGER) ||
		!body.ReadASN1(&algorithm, asn1.SEQUENCE) || !algorithm.ReadASN1ObjectIdentifier(&id):
		return false // no PKCS #8 at all
	case id.Equal(oidRSA):
		return false
	case id.Equal(oidEC):
		return !algorithm.ReadASN1ObjectIdentifier(&curve) || !slices.ContainsFunc(curves, curve.Equal)
	}
	return true
}
