package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"

	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azcertificates"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"
	"software.sslmate.com/src/go-pkcs12"
)

func material(ctx context.Context, s *suite) error {
	keys := []azcertificates.KeyProperties{
		{KeyType: p(azcertificates.KeyTypeRSA), KeySize: p(int32(3072))},
		{KeyType: p(azcertificates.KeyTypeRSA), KeySize: p(int32(4096))},
		{KeyType: p(azcertificates.KeyTypeEC), Curve: p(azcertificates.CurveNameP256)},
		{KeyType: p(azcertificates.KeyTypeEC), Curve: p(azcertificates.CurveNameP384)},
		{KeyType: p(azcertificates.KeyTypeEC), Curve: p(azcertificates.CurveNameP521)},
	}
	for i, k := range keys {
		for _, content := range []string{"application/x-pkcs12", "application/x-pem-file"} {
			policy := selfPolicy("CN=material")
			policy.KeyProperties = &k
			policy.SecretProperties = &azcertificates.SecretProperties{ContentType: &content}
			cert, err := s.create(ctx, s.name(fmt.Sprintf("material-%d-%d", i, len(content))), policy)
			if err != nil {
				return err
			}
			if err := s.agree(ctx, cert.Certificate, content); err != nil {
				return fmt.Errorf("key %d as %s: %w", i, content, err)
			}
		}
	}
	return nil
}

// agree fetches the key and the secret of a certificate version, signs with
// the secret's private key and verifies with the certificate and the key.
func (s *suite) agree(ctx context.Context, c azcertificates.Certificate, content string) error {
	cert, err := x509.ParseCertificate(c.CER)
	if err != nil {
		return err
	}
	secret, err := s.secrets.GetSecret(ctx, c.SID.Name(), c.SID.Version(), nil)
	if err != nil {
		return err
	}
	if *secret.ContentType != content {
		return fmt.Errorf("the secret is %s, want %s", *secret.ContentType, content)
	}
	private, leaf, err := opened(*secret.Value, content)
	if err != nil {
		return fmt.Errorf("open the secret: %w", err)
	}
	if !bytes.Equal(leaf, c.CER) {
		return fmt.Errorf("the secret holds another certificate")
	}
	key, err := s.keys.GetKey(ctx, c.KID.Name(), c.KID.Version(), nil)
	if err != nil {
		return err
	}
	public, err := publicKey(key.Key)
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte("certwright"))
	signature, err := private.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return err
	}
	if !verifies(cert.PublicKey, digest[:], signature) || !verifies(public, digest[:], signature) {
		return fmt.Errorf("a signature by the secret's key does not verify")
	}
	return s.signs(ctx, c.KID, cert.PublicKey)
}

// signs lets the vault sign with the key, and verifies with the certificate.
func (s *suite) signs(ctx context.Context, kid *azcertificates.ID, public crypto.PublicKey) error {
	hash, algorithm := crypto.SHA256, azkeys.SignatureAlgorithmRS256
	curve, isEC := public.(*ecdsa.PublicKey)
	if isEC {
		switch curve.Params().BitSize {
		case 256:
			algorithm = azkeys.SignatureAlgorithmES256
		case 384:
			hash, algorithm = crypto.SHA384, azkeys.SignatureAlgorithmES384
		case 521:
			hash, algorithm = crypto.SHA512, azkeys.SignatureAlgorithmES512
		}
	}
	h := hash.New()
	h.Write([]byte("certwright"))
	digest := h.Sum(nil)
	got, err := s.keys.Sign(ctx, kid.Name(), kid.Version(), azkeys.SignParameters{Algorithm: &algorithm, Value: digest}, nil)
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	ok := false
	if isEC {
		n := len(got.Result) / 2
		ok = ecdsa.Verify(curve, digest, new(big.Int).SetBytes(got.Result[:n]), new(big.Int).SetBytes(got.Result[n:]))
	} else {
		ok = verifies(public, digest, got.Result)
	}
	if !ok {
		return fmt.Errorf("a signature made in the vault does not verify with the certificate")
	}
	return nil
}

func verifies(public crypto.PublicKey, digest, signature []byte) bool {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(k, crypto.SHA256, digest, signature) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(k, digest, signature)
	}
	return false
}

func publicKey(k *azkeys.JSONWebKey) (crypto.PublicKey, error) {
	if len(k.N) > 0 {
		return &rsa.PublicKey{N: new(big.Int).SetBytes(k.N), E: int(new(big.Int).SetBytes(k.E).Int64())}, nil
	}
	curve, ok := curves[string(*k.Crv)]
	if !ok {
		return nil, fmt.Errorf("curve %s", *k.Crv)
	}
	return &ecdsa.PublicKey{Curve: curve, X: new(big.Int).SetBytes(k.X), Y: new(big.Int).SetBytes(k.Y)}, nil
}

// opened returns the private key and the certificate of a secret's value.
func opened(value, content string) (crypto.Signer, []byte, error) {
	if content == "application/x-pkcs12" {
		der, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return nil, nil, err
		}
		key, leaf, _, err := pkcs12.DecodeChain(der, "")
		if err != nil {
			return nil, nil, err
		}
		return key.(crypto.Signer), leaf.Raw, nil
	}
	key, rest := pem.Decode([]byte(value))
	if key == nil {
		return nil, nil, fmt.Errorf("no PEM block")
	}
	leaf, _ := pem.Decode(rest)
	if leaf == nil {
		return nil, nil, fmt.Errorf("no certificate after the key")
	}
	private, err := x509.ParsePKCS8PrivateKey(key.Bytes)
	if err != nil {
		return nil, nil, err
	}
	return private.(crypto.Signer), leaf.Bytes, nil
}
