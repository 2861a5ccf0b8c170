package authtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"math/big"
	"sync"
)

// A Key signs tokens.
type Key struct {
	ID        string // kid; "" for none
	Algorithm string // RS256, PS256, ES256, ES384 or EdDSA
	Private   crypto.Signer
}

// The keys of RSA are made once: a new one takes long.
var (
	pkcs1 = sync.OnceValue(func() crypto.Signer { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	pss   = sync.OnceValue(func() crypto.Signer { return must(rsa.GenerateKey(rand.Reader, 2048)) })
)

// NewKey makes a key for an algorithm. Those for RS256 are the same one, and
// those for PS256 another.
func NewKey(id, algorithm string) Key {
	k := Key{ID: id, Algorithm: algorithm}
	switch algorithm {
	case "RS256":
		k.Private = pkcs1()
	case "PS256":
		k.Private = pss()
	case "ES256":
		k.Private = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	case "ES384":
		k.Private = must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	case "EdDSA":
		_, private, err := ed25519.GenerateKey(rand.Reader)
		k.Private = must(private, err)
	default:
		panic("authtest: no key is made for " + algorithm)
	}
	return k
}

// must returns a value that only a machine without randomness has not.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// JWK is the public half as a JSON Web Key. Its members may be changed.
func (k Key) JWK() map[string]any {
	j := map[string]any{"use": "sig"}
	if k.ID != "" {
		j["kid"] = k.ID
	}
	switch public := k.Private.Public().(type) {
	case *rsa.PublicKey:
		j["kty"], j["n"], j["e"] = "RSA", b64(public.N.Bytes()), b64(big.NewInt(int64(public.E)).Bytes())
	case *ecdsa.PublicKey:
		point := must(public.Bytes())[1:]
		j["kty"], j["crv"], j["x"], j["y"] = "EC", public.Curve.Params().Name, b64(point[:len(point)/2]), b64(point[len(point)/2:])
	case ed25519.PublicKey:
		j["kty"], j["crv"], j["x"] = "OKP", "Ed25519", b64(public)
	}
	return j
}

// Signature signs a text.
func (k Key) Signature(text string) []byte {
	short, long := sha256.Sum256([]byte(text)), sha512.Sum384([]byte(text))
	switch k.Algorithm {
	case "RS256":
		return must(k.Private.Sign(rand.Reader, short[:], crypto.SHA256))
	case "PS256":
		return must(k.Private.Sign(rand.Reader, short[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}))
	case "ES256":
		return k.pair(short[:], 32)
	case "ES384":
		return k.pair(long[:], 48)
	}
	return must(k.Private.Sign(rand.Reader, []byte(text), crypto.Hash(0)))
}

// pair is an ECDSA signature as RFC 7518 section 3.4 has it.
func (k Key) pair(digest []byte, size int) []byte {
	r, s, err := ecdsa.Sign(rand.Reader, k.Private.(*ecdsa.PrivateKey), digest)
	raw := must(make([]byte, 2*size), err)
	r.FillBytes(raw[:size])
	s.FillBytes(raw[size:])
	return raw
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
