package oauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
)

// Claims are those of an access token, as version 1.0 of the sign-in service
// names them.
type Claims struct {
	Audience  string   `json:"aud"`
	Issuer    string   `json:"iss"`
	IssuedAt  int64    `json:"iat"`
	NotBefore int64    `json:"nbf"`
	Expiry    int64    `json:"exp"`
	App       string   `json:"appid"`
	Name      string   `json:"app_displayname,omitempty"`
	Kind      string   `json:"idtyp"`
	Object    string   `json:"oid"`
	Subject   string   `json:"sub"`
	Tenant    string   `json:"tid"`
	Groups    []string `json:"groups,omitempty"`
	Roles     []string `json:"roles,omitempty"`
	ID        string   `json:"uti,omitempty"`
	Version   string   `json:"ver"`
}

// A Key signs tokens: ECDSA on P-256 or RSA of 2048 bits and more.
type Key struct {
	Private crypto.Signer
	ID      string // the kid of tokens and of its JWK
}

// NewKey names a key after its public half.
func NewKey(private crypto.Signer) (Key, error) {
	jwk, err := publicJWK(private.Public())
	if err != nil {
		return Key{}, err
	}
	text, err := json.Marshal(jwk) // its members are in order
	if err != nil {
		return Key{}, fmt.Errorf("name a token key: %w", err)
	}
	id := sha256.Sum256(text)
	return Key{Private: private, ID: b64(id[:12])}, nil
}

// Algorithm returns what the key's tokens say in alg.
func (k Key) Algorithm() string {
	if _, isRSA := k.Private.Public().(*rsa.PublicKey); isRSA {
		return "RS256"
	}
	return "ES256"
}

// Sign returns the compact form of a token (RFC 7515, RFC 7518 section 3).
func (k Key) Sign(c Claims) (string, error) {
	head, err := json.Marshal(struct {
		Alg string `json:"alg"`
		Typ string `json:"typ"`
		Kid string `json:"kid"`
	}{k.Algorithm(), "JWT", k.ID})
	if err != nil {
		return "", fmt.Errorf("write a token: %w", err)
	}
	body, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("write a token: %w", err)
	}
	text := b64(head) + "." + b64(body)
	digest := sha256.Sum256([]byte(text))
	sig, err := k.sign(digest[:])
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return text + "." + b64(sig), nil
}

func (k Key) sign(digest []byte) ([]byte, error) {
	private, isEC := k.Private.(*ecdsa.PrivateKey)
	if !isEC {
		return k.Private.Sign(rand.Reader, digest, crypto.SHA256)
	}
	x, y, err := ecdsa.Sign(rand.Reader, private, digest)
	if err != nil {
		return nil, err
	}
	var sig [64]byte
	x.FillBytes(sig[:32])
	y.FillBytes(sig[32:])
	return sig[:], nil
}

// JWK returns the public half of the key (RFC 7517).
func (k Key) JWK() (map[string]string, error) {
	jwk, err := publicJWK(k.Private.Public())
	if err != nil {
		return nil, err
	}
	jwk["use"], jwk["alg"], jwk["kid"] = "sig", k.Algorithm(), k.ID
	return jwk, nil
}

func publicJWK(public crypto.PublicKey) (map[string]string, error) {
	switch p := public.(type) {
	case *ecdsa.PublicKey:
		point, err := p.Bytes()
		if err != nil || len(point) != 65 {
			return nil, errors.Join(errors.New("a token key must be on P-256"), err)
		}
		return map[string]string{"kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])}, nil // uncompressed: 4, x, y
	case *rsa.PublicKey:
		return map[string]string{"kty": "RSA", "n": b64(p.N.Bytes()), "e": b64(big.NewInt(int64(p.E)).Bytes())}, nil
	}
	return nil, fmt.Errorf("a token key cannot be of type %T", public)
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
