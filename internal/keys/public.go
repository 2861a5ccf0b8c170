package keys

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"certwright/internal/vault"
)

// A Public is a parsed public key; of an oct key it knows the size only. It
// verifies, and encrypts and wraps with RSA. It may be kept and shared.
type Public struct {
	key   any           // *rsa.PublicKey, *ecdsa.PublicKey, *secp256k1.PublicKey; nil for oct
	kind  vault.KeyType // RSA, EC or oct
	curve vault.Curve
	size  int    // bits
	name  string // the key's id in refusals
}

var errPublicKind = errors.New("read the public key: neither RSA nor EC on a supported curve")

// maxPublic is the longest public key looked at, in bytes, for the reason of maxPrivate.
const maxPublic = 4 << 10

// ParsePublic reads a PKIX public key in DER: RSA, or EC on one of the API's curves.
func ParsePublic(pkix []byte) (Public, error) {
	if len(pkix) > maxPublic {
		return Public{}, errPublicKind
	}
	if point, ok := koblitzPoint(pkix); ok {
		k, err := secp256k1.ParsePubKey(point)
		if err != nil {
			return Public{}, fmt.Errorf("read the P-256K public key: %w", err)
		}
		return newPublic(k)
	}
	k, err := x509.ParsePKIXPublicKey(pkix)
	if err != nil {
		return Public{}, fmt.Errorf("read the public key: %w", err)
	}
	return newPublic(k)
}

func newPublic(key any) (Public, error) {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return Public{key: k, kind: vault.RSA, size: k.N.BitLen()}, nil
	case *ecdsa.PublicKey:
		if c := curveName(k.Curve); c != "" {
			return Public{key: k, kind: vault.EC, curve: c, size: c.Size()}, nil
		}
	case *secp256k1.PublicKey:
		return Public{key: k, kind: vault.EC, curve: vault.P256K, size: vault.P256K.Size()}, nil
	}
	return Public{}, errPublicKind
}

// PKIX returns an RSA or EC key as a SubjectPublicKeyInfo in DER, in the one form
// that keys are compared in: points uncompressed, parameters written out. Nil for
// others.
func (p Public) PKIX() []byte {
	if k, ok := p.key.(*secp256k1.PublicKey); ok {
		return koblitzPKIX(k)
	}
	if p.key == nil {
		return nil
	}
	der, _ := x509.MarshalPKIXPublicKey(p.key) // cannot fail for the keys that are let in
	return der
}

// Same reports whether two public keys in PKIX DER are one and the same, however
// they are written. Keys of other kinds are the same if their bytes are.
func Same(a, b []byte) bool {
	return bytes.Equal(a, b) || bytes.Equal(rewritten(a), rewritten(b))
}

func rewritten(pkix []byte) []byte {
	p, err := ParsePublic(pkix)
	if err != nil {
		return pkix
	}
	return p.PKIX()
}

// Named returns the key with the id that refusals call it by, such as
// "https://web.vault.localhost:8443/keys/web/0123..."; keys are kept without it,
// because ids follow the Host of each request.
func (p Public) Named(id string) Public { p.name = id; return p }

// Type returns RSA, EC or oct, without regard to HSM.
func (p Public) Type() vault.KeyType { return p.kind }

// Curve returns the curve of an EC key, else "".
func (p Public) Curve() vault.Curve { return p.curve }

// Size returns the size in bits, which for EC is that of the curve's field.
func (p Public) Size() int { return p.size }

// bytes returns how many bytes a signature or a ciphertext of an RSA key has.
func (p Public) bytes() int { return (p.size + 7) / 8 }
