package jwk

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"certwright/internal/vault"
)

var (
	errNoKey = errors.New("use a key: there is none")
	errKind  = errors.New("read the key: neither RSA nor EC on a supported curve")
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

// A Private is a parsed private or secret key. It does everything a Public
// does, and signs, decrypts and unwraps. It may be kept and shared, and prints
// as "[key]".
type Private struct {
	Public
	signer crypto.Signer
	block  cipher.Block // oct
	gcm    cipher.AEAD  // oct
}

// ParsePublic reads a PKIX public key in DER: RSA, or EC on one of the API's curves.
func ParsePublic(pkix []byte) (Public, error) {
	if k, err := parseKoblitz(pkix); err == nil {
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
	return Public{}, errKind
}

// NewPrivate takes an RSA or EC key as its signer: *rsa.PrivateKey,
// *ecdsa.PrivateKey, or one whose public key is a *secp256k1.PublicKey and whose
// signatures are in DER (certs.Key.Signer gives all three).
func NewPrivate(s crypto.Signer) (Private, error) {
	if s == nil {
		return Private{}, errNoKey
	}
	p, err := newPublic(s.Public())
	return Private{Public: p, signer: s}, err
}

// NewSecret takes the bytes of an oct key: 16, 24 or 32 of them, else it is a
// refusal. The bytes are not kept.
func NewSecret(k []byte) (Private, error) {
	if len(k) != 16 && len(k) != 24 && len(k) != 32 {
		return Private{}, vault.BadKeySize(len(k)*8, 128, 192, 256)
	}
	block, err := aes.NewCipher(k)
	if err != nil {
		return Private{}, fmt.Errorf("set up AES: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return Private{}, fmt.Errorf("set up AES-GCM: %w", err)
	}
	return Private{Public: Public{kind: vault.Oct, size: len(k) * 8}, block: block, gcm: gcm}, nil
}

// RandomSecret makes the bytes of a new oct key of 128, 192 or 256 bits; another
// size is a refusal.
func RandomSecret(bits int) ([]byte, error) {
	if bits != 128 && bits != 192 && bits != 256 {
		return nil, vault.BadKeySize(bits, 128, 192, 256)
	}
	k := make([]byte, bits/8)
	rand.Read(k) // never fails (crypto/rand)
	return k, nil
}

// Named returns the key with the id that refusals call it by, such as
// "https://web.vault.localhost:8443/keys/web/0123..."; keys are kept without it,
// because ids follow the Host of each request.
func (p Public) Named(id string) Public { p.name = id; return p }

// Named returns the key with the id that refusals call it by.
func (k Private) Named(id string) Private { k.name = id; return k }

// Type returns RSA, EC or oct, without regard to HSM.
func (p Public) Type() vault.KeyType { return p.kind }

// Curve returns the curve of an EC key, else "".
func (p Public) Curve() vault.Curve { return p.curve }

// Size returns the size in bits, which for EC is that of the curve's field.
func (p Public) Size() int { return p.size }

// bytes returns how many bytes a signature or a ciphertext of an RSA key has.
func (p Public) bytes() int { return (p.size + 7) / 8 }

// String hides the key.
func (Private) String() string { return "[key]" }

// GoString hides the key.
func (Private) GoString() string { return "[key]" }

// LogValue hides the key.
func (Private) LogValue() slog.Value { return slog.StringValue("[key]") }

func nistCurve(c vault.Curve) elliptic.Curve {
	switch c {
	case vault.P256:
		return elliptic.P256()
	case vault.P384:
		return elliptic.P384()
	case vault.P521:
		return elliptic.P521()
	}
	return nil
}

func curveName(c elliptic.Curve) vault.Curve {
	for _, name := range []vault.Curve{vault.P256, vault.P384, vault.P521} {
		if nistCurve(name) == c {
			return name
		}
	}
	return ""
}
