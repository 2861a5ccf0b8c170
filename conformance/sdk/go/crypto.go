package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"hash"
	"math/big"

	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azcertificates"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"
)

// A scheme is a signature algorithm with what Go's own library does for it.
type scheme struct {
	alg  azkeys.SignatureAlgorithm
	hash crypto.Hash
	pss  bool
}

var rsaSchemes = []scheme{
	{azkeys.SignatureAlgorithmRS256, crypto.SHA256, false}, {azkeys.SignatureAlgorithmRS384, crypto.SHA384, false}, {azkeys.SignatureAlgorithmRS512, crypto.SHA512, false},
	{azkeys.SignatureAlgorithmPS256, crypto.SHA256, true}, {azkeys.SignatureAlgorithmPS384, crypto.SHA384, true}, {azkeys.SignatureAlgorithmPS512, crypto.SHA512, true},
}

var ecSchemes = map[string]scheme{"P-256": {azkeys.SignatureAlgorithmES256, crypto.SHA256, false}, "P-384": {azkeys.SignatureAlgorithmES384, crypto.SHA384, false},
	"P-521": {azkeys.SignatureAlgorithmES512, crypto.SHA512, false}}

// schemes are those that fit a public key.
func schemes(public crypto.PublicKey) []scheme {
	if k, ok := public.(*ecdsa.PublicKey); ok {
		return []scheme{ecSchemes[k.Curve.Params().Name]}
	}
	return rsaSchemes
}

func (c scheme) digest(text []byte) []byte {
	h := c.hash.New()
	h.Write(text)
	return h.Sum(nil)
}

var salted = rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}

// sign signs outside of the vault, in the form that the vault takes.
func (c scheme) sign(key crypto.Signer, digest []byte) ([]byte, error) {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if c.pss {
			return rsa.SignPSS(rand.Reader, k, c.hash, digest, &salted)
		}
		return rsa.SignPKCS1v15(rand.Reader, k, c.hash, digest)
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, k, digest)
		if err != nil {
			return nil, err
		}
		n := (k.Curve.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, n)), s.FillBytes(make([]byte, n))...), nil
	}
	return nil, fmt.Errorf("no way to sign with a %T", key)
}

// verify verifies outside of the vault, R and S of an EC signature side by side.
func (c scheme) verify(public crypto.PublicKey, digest, signature []byte) bool {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if c.pss {
			return rsa.VerifyPSS(k, c.hash, digest, signature, &salted) == nil
		}
		return rsa.VerifyPKCS1v15(k, c.hash, digest, signature) == nil
	case *ecdsa.PublicKey:
		n := (k.Curve.Params().BitSize + 7) / 8
		return len(signature) == 2*n && ecdsa.Verify(k, digest, new(big.Int).SetBytes(signature[:n]), new(big.Int).SetBytes(signature[n:]))
	}
	return false
}

// vaultSigns lets the vault sign and verifies here, then asks the vault the
// same of this signature and of a tampered one.
func (s *suite) vaultSigns(ctx context.Context, name string, public crypto.PublicKey) error {
	for _, c := range schemes(public) {
		digest := c.digest([]byte("certwright"))
		signed, err := s.keys.Sign(ctx, name, "", azkeys.SignParameters{Algorithm: &c.alg, Value: digest}, nil)
		if err != nil {
			return err
		}
		broken := bytes.Clone(signed.Result)
		broken[len(broken)/2] ^= 1
		if err := first(s.is(string(c.alg)+" of the vault verifies here", c.verify(public, digest, signed.Result), true),
			s.vaultVerifies(ctx, name, c, digest, signed.Result, true), s.vaultVerifies(ctx, name, c, digest, broken, false),
			s.vaultVerifies(ctx, name, c, c.digest([]byte("another")), signed.Result, false)); err != nil {
			return err
		}
	}
	return nil
}

func (s *suite) vaultVerifies(ctx context.Context, name string, c scheme, digest, signature []byte, want bool) error {
	got, err := s.keys.Verify(ctx, name, "", azkeys.VerifyParameters{Algorithm: &c.alg, Digest: digest, Signature: signature}, nil)
	if err != nil {
		return err
	}
	return s.is(string(c.alg)+" verified by the vault", *got.Value, want)
}

// weSign signs here and lets the vault verify.
func (s *suite) weSign(ctx context.Context, name string, key crypto.Signer) error {
	for _, c := range schemes(key.Public()) {
		digest := c.digest([]byte("certwright"))
		signature, err := c.sign(key, digest)
		if err != nil {
			return err
		}
		if err := s.vaultVerifies(ctx, name, c, digest, signature, true); err != nil {
			return err
		}
	}
	return nil
}

// certificateSigns signs with a certificate's key in the vault and verifies
// with the certificate.
func (s *suite) certificateSigns(ctx context.Context, c azcertificates.Certificate) error {
	cert, err := x509.ParseCertificate(c.CER)
	if err != nil {
		return err
	}
	return s.vaultSigns(ctx, c.KID.Name(), cert.PublicKey)
}

// An encryption is an algorithm with what Go's own library does for it; hash is nil for PKCS#1.
type encryption struct {
	alg  azkeys.EncryptionAlgorithm
	hash func() hash.Hash
}

var encryptions = []encryption{{azkeys.EncryptionAlgorithmRSA15, nil}, {azkeys.EncryptionAlgorithmRSAOAEP, sha1.New}, {azkeys.EncryptionAlgorithmRSAOAEP256, sha256.New}}

func (e encryption) seal(k *rsa.PublicKey, text []byte) ([]byte, error) {
	if e.hash == nil {
		return rsa.EncryptPKCS1v15(rand.Reader, k, text)
	}
	return rsa.EncryptOAEP(e.hash(), rand.Reader, k, text, nil)
}

func (e encryption) open(k *rsa.PrivateKey, text []byte) ([]byte, error) {
	if e.hash == nil {
		return rsa.DecryptPKCS1v15(nil, k, text)
	}
	return rsa.DecryptOAEP(e.hash(), nil, k, text, nil)
}

// A door is one of the four operations that turn bytes into bytes.
type door func(ctx context.Context, name string, alg azkeys.EncryptionAlgorithm, value []byte) ([]byte, error)

func with(alg azkeys.EncryptionAlgorithm, value []byte) azkeys.KeyOperationParameters {
	return azkeys.KeyOperationParameters{Algorithm: &alg, Value: value}
}

func (s *suite) encrypt(ctx context.Context, name string, alg azkeys.EncryptionAlgorithm, value []byte) ([]byte, error) {
	r, err := s.keys.Encrypt(ctx, name, "", with(alg, value), nil)
	return r.Result, err
}

func (s *suite) decrypt(ctx context.Context, name string, alg azkeys.EncryptionAlgorithm, value []byte) ([]byte, error) {
	r, err := s.keys.Decrypt(ctx, name, "", with(alg, value), nil)
	return r.Result, err
}

func (s *suite) wrap(ctx context.Context, name string, alg azkeys.EncryptionAlgorithm, value []byte) ([]byte, error) {
	r, err := s.keys.WrapKey(ctx, name, "", with(alg, value), nil)
	return r.Result, err
}

func (s *suite) unwrap(ctx context.Context, name string, alg azkeys.EncryptionAlgorithm, value []byte) ([]byte, error) {
	r, err := s.keys.UnwrapKey(ctx, name, "", with(alg, value), nil)
	return r.Result, err
}

var secretText = []byte("a key of 32 bytes to be wrapped.")

// opens encrypts here and lets the vault decrypt.
func (s *suite) opens(ctx context.Context, name string, public *rsa.PublicKey, e encryption, open door) error {
	sealed, err := e.seal(public, secretText)
	if err != nil {
		return err
	}
	got, err := open(ctx, name, e.alg, sealed)
	if err != nil {
		return err
	}
	sealed[len(sealed)/2] ^= 1
	_, tampered := open(ctx, name, e.alg, sealed)
	return first(s.is(string(e.alg)+" opened by the vault", string(got), string(secretText)), s.refused(tampered, 400, "BadParameter"))
}

// seals lets the vault encrypt and decrypts here.
func (s *suite) seals(ctx context.Context, name string, key *rsa.PrivateKey, e encryption, seal door) error {
	sealed, err := seal(ctx, name, e.alg, secretText)
	if err != nil {
		return err
	}
	got, err := e.open(key, sealed)
	if err != nil {
		return err
	}
	return s.is(string(e.alg)+" opened here", string(got), string(secretText))
}
