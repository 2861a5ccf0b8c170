package certs

import (
	"crypto"
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

// A Key is a private key of a certificate. The zero Key holds none. It prints
// as "[key]" wherever it might be shown by accident.
type Key struct{ signer crypto.Signer }

// NewKey makes a key pair of p's type and size or curve; the -HSM types are
// made in software like the others. Everything but RSA 4096 takes well under a
// second; see Pool for ready ones. A type, size or curve that is none of the
// API's is a vault refusal.
func NewKey(p vault.KeyProps) (Key, error) {
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
		return Key{koblitz{k}}, nil
	}
	curve := nistCurve(p.Curve)
	if curve == nil {
		return Key{}, vault.Bad("key_props.crv '%s' cannot be used for a certificate.", p.Curve)
	}
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		return Key{}, fmt.Errorf("make a %s key: %w", p.Curve, err)
	}
	return Key{k}, nil
}

func newRSA(bits int) (Key, error) {
	if bits != 2048 && bits != 3072 && bits != 4096 {
		return Key{}, vault.BadKeySize(bits, 2048, 3072, 4096)
	}
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return Key{}, fmt.Errorf("make an RSA key of %d bits: %w", bits, err)
	}
	return Key{k}, nil
}

// maxKey is the longest private key looked at, in bytes: RSA of 16384 bits fits.
// Arithmetic with longer ones could keep the server busy for minutes.
const maxKey = 16 << 10

// ParseKey reads an unencrypted PKCS#8 private key in DER: RSA, or EC on one of
// the API's curves.
func ParseKey(pkcs8 []byte) (Key, error) {
	if len(pkcs8) > maxKey {
		return Key{}, errors.New("read the PKCS#8 private key: too long")
	}
	if k, err := parseKoblitz(pkcs8); err == nil {
		return Key{k}, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		return Key{}, errors.New("read the PKCS#8 private key: not a readable RSA or EC key") // the cause may quote key bytes
	}
	switch k := parsed.(type) {
	case *rsa.PrivateKey:
		return Key{k}, nil
	case *ecdsa.PrivateKey:
		if curveName(k.Curve) != "" {
			return Key{k}, nil
		}
	}
	return Key{}, errors.New("read the PKCS#8 private key: neither RSA nor EC on a supported curve")
}

// PKCS8 returns the private key as unencrypted PKCS#8 DER.
func (k Key) PKCS8() ([]byte, error) {
	if s, ok := k.signer.(koblitz); ok {
		return s.pkcs8()
	}
	der, err := x509.MarshalPKCS8PrivateKey(k.signer)
	if err != nil {
		return nil, fmt.Errorf("write the PKCS#8 private key: %w", err)
	}
	return der, nil
}

// Public returns the public key as PKIX DER; nil for the zero Key.
func (k Key) Public() []byte {
	if s, ok := k.signer.(koblitz); ok {
		return s.pkix()
	}
	if k.signer == nil {
		return nil
	}
	der, _ := x509.MarshalPKIXPublicKey(k.signer.Public()) // cannot fail for the keys that are let in
	return der
}

// Signer returns the key as a signer: PKCS#1 v1.5 or PSS for RSA, ASN.1 DER
// ECDSA for EC. A P-256K key signs 32-byte digests only. Nil for the zero Key.
func (k Key) Signer() crypto.Signer { return k.signer }

// Props returns the key's type (RSA or EC), its curve ("" for RSA) and its size
// in bits, which for EC is that of the curve's field.
func (k Key) Props() (vault.KeyType, vault.Curve, int) {
	switch s := k.signer.(type) {
	case *rsa.PrivateKey:
		return vault.RSA, "", s.N.BitLen()
	case *ecdsa.PrivateKey:
		c := curveName(s.Curve)
		return vault.EC, c, c.Size()
	case koblitz:
		return vault.EC, vault.P256K, vault.P256K.Size()
	}
	return "", "", 0
}

// String hides the key.
func (Key) String() string { return "[key]" }

// GoString hides the key.
func (Key) GoString() string { return "[key]" }

// LogValue hides the key.
func (Key) LogValue() slog.Value { return slog.StringValue("[key]") }

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
	switch c {
	case elliptic.P256():
		return vault.P256
	case elliptic.P384():
		return vault.P384
	case elliptic.P521():
		return vault.P521
	}
	return ""
}
