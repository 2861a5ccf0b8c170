package keyvault

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
)

// A JWK is a public key (RFC 7517), with bytes in base64url.
type JWK struct {
	ID         ID       `json:"kid"`
	Type       string   `json:"kty"`
	Operations []string `json:"key_ops,omitempty"`
	N          string   `json:"n,omitempty"`
	E          string   `json:"e,omitempty"`
	Curve      string   `json:"crv,omitempty"`
	X          string   `json:"x,omitempty"`
	Y          string   `json:"y,omitempty"`
}

// Kind is what people call it, as in "EC P-256" and "RSA 2048".
func (k JWK) Kind() string {
	if k.Curve != "" {
		return k.Type + " " + k.Curve
	}
	if n := number(k.N); n.Sign() > 0 {
		return fmt.Sprintf("%s %d", k.Type, n.BitLen())
	}
	return k.Type
}

// PEM writes the key as a SubjectPublicKeyInfo (RFC 5280).
func (k JWK) PEM() ([]byte, error) {
	public, err := k.public()
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("write the public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

var curves = map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}

func (k JWK) public() (any, error) {
	if k.N != "" {
		return &rsa.PublicKey{N: number(k.N), E: int(number(k.E).Int64())}, nil
	}
	curve := curves[k.Curve]
	if curve == nil {
		return nil, fmt.Errorf("a key of kind %s cannot be written in PEM here\nhint: -o json prints it as a JSON web key", k.Kind())
	}
	return &ecdsa.PublicKey{Curve: curve, X: number(k.X), Y: number(k.Y)}, nil
}

// number is 0 for what is none.
func number(text string) *big.Int {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return new(big.Int)
	}
	return new(big.Int).SetBytes(b)
}
