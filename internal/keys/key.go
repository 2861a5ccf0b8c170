package keys

import (
	"crypto"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"certwright/internal/vault"
)

var errNoKey = errors.New("the key is missing")

// A Key is a private or secret key. It does everything a Public does, and signs,
// decrypts and unwraps. It may be kept and shared, and prints as "[key]" wherever
// it might be shown by accident. The zero Key holds none.
type Key struct {
	Public
	signer crypto.Signer // RSA and EC
	pkix   func() []byte // of an RSA or EC key, written once however often it is asked for
	pkcs8  func() ([]byte, error)
	block  cipher.Block // oct
	gcm    cipher.AEAD  // oct
}

// New makes an RSA or EC key of p's type and size or curve; the -HSM types are
// made in software like the others. Everything but RSA 4096 takes well under a
// second; see Pool for ready ones. A type, size or curve that the API does not
// have is a vault refusal. NewOct makes oct keys.
func New(p vault.KeyProps) (Key, error) {
	if p.Type.IsRSA() {
		return newRSA(p.Size)
	}
	if !p.Type.IsEC() {
		return Key{}, vault.Bad("key_props.kty '%s' cannot be used for a certificate.", p.Type)
	}
	if p.Curve == vault.P256K {
		k, err := secp256k1.GeneratePrivateKey()
		if err != nil {
			return Key{}, fmt.Errorf("make a P-256K key: %w", err)
		}
		return pair(koblitz{k})
	}
	curve := nistCurve(p.Curve)
	if curve == nil {
		return Key{}, vault.Bad("key_props.crv '%s' cannot be used for a certificate.", p.Curve)
	}
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		return Key{}, fmt.Errorf("make a %s key: %w", p.Curve, err)
	}
	return pair(k)
}

func newRSA(bits int) (Key, error) {
	if bits != 2048 && bits != 3072 && bits != 4096 {
		return Key{}, vault.BadKeySize(bits, 2048, 3072, 4096)
	}
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return Key{}, fmt.Errorf("make an RSA key of %d bits: %w", bits, err)
	}
	return pair(k)
}

// pair returns the key of an *rsa.PrivateKey, *ecdsa.PrivateKey or koblitz.
func pair(s crypto.Signer) (Key, error) {
	p, err := newPublic(s.Public())
	if err != nil {
		return Key{}, err
	}
	return Key{Public: p, signer: s, pkix: sync.OnceValue(p.PKIX), pkcs8: sync.OnceValues(func() ([]byte, error) {
		der, err := writePKCS8(s)
		return slices.Clip(der), err
	})}, nil
}

// maxPrivate is the longest private key looked at, in bytes: RSA of 16384 bits
// fits. Arithmetic with longer ones could keep the server busy for minutes.
const maxPrivate = 16 << 10

// Parse reads an unencrypted PKCS #8 private key in DER: RSA, or EC on one of
// the API's curves.
func Parse(pkcs8 []byte) (Key, error) {
	if len(pkcs8) > maxPrivate {
		return Key{}, errors.New("read the PKCS#8 private key: too long")
	}
	if k, err := parseKoblitz(pkcs8); err == nil {
		return pair(k)
	}
	if otherKind(pkcs8) {
		return Key{}, fmt.Errorf("read the PKCS#8 private key: %w", ErrKind)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		return Key{}, errors.New("read the PKCS#8 private key: not a readable RSA or EC key") // the cause may quote key bytes
	}
	if s, ok := parsed.(crypto.Signer); ok {
		if k, err := pair(s); err == nil {
			return k, nil
		}
	}
	return Key{}, errors.New("read the PKCS#8 private key: neither RSA nor EC on a supported curve")
}

// PKCS8 returns an RSA or EC key as unencrypted PKCS #8 DER, which the caller must
// not change.
func (k Key) PKCS8() ([]byte, error) {
	if k.pkcs8 == nil {
		return writePKCS8(k.signer)
	}
	return k.pkcs8()
}

func writePKCS8(s crypto.Signer) ([]byte, error) {
	if s, ok := s.(koblitz); ok {
		return s.pkcs8()
	}
	der, err := x509.MarshalPKCS8PrivateKey(s)
	if err != nil {
		return nil, fmt.Errorf("write the PKCS#8 private key: %w", err)
	}
	return der, nil
}

// PKIX is that of Public. The caller must not change it.
func (k Key) PKIX() []byte {
	if k.pkix == nil {
		return k.Public.PKIX()
	}
	return k.pkix()
}

// Signer returns an RSA or EC key as a signer: PKCS #1 v1.5 or PSS for RSA,
// ASN.1 DER ECDSA for EC. A P-256K key signs 32-byte digests only. Nil for others.
func (k Key) Signer() crypto.Signer { return k.signer }

// Named returns the key with the id that refusals call it by.
func (k Key) Named(id string) Key { k.name = id; return k }

// String hides the key.
func (Key) String() string { return "[key]" }

// GoString hides the key.
func (Key) GoString() string { return "[key]" }

// LogValue hides the key.
func (Key) LogValue() slog.Value { return slog.StringValue("[key]") }
