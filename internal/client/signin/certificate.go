package signin

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // x5t is one (RFC 7515, 4.1.7); Entra looks certificates up by it
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"os"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// A Certificate proves a client by its key.
type Certificate struct{ TLS tls.Certificate }

// ReadCertificate reads certificate and key from a PEM file.
func ReadCertificate(file string) (*Certificate, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the client's certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		return nil, fmt.Errorf("read the client's certificate of %s: %w\nhint: the file holds the certificate and its key, both in PEM", file, err)
	}
	return &Certificate{pair}, nil
}

// assertionTime is how long an assertion is good.
const assertionTime = 5 * time.Minute

// assertion writes a token of the client's own (RFC 7523, 2.2).
func (c *Certificate) assertion(client, endpoint string, now time.Time) (string, error) {
	algorithm := jose.PS256
	if _, isEC := c.TLS.PrivateKey.(*ecdsa.PrivateKey); isEC {
		algorithm = jose.ES256
	}
	leaf := c.TLS.Certificate[0]
	one, two := sha1.Sum(leaf), sha256.Sum256(leaf)
	chain := make([]string, len(c.TLS.Certificate))
	for i, der := range c.TLS.Certificate {
		chain[i] = base64.StdEncoding.EncodeToString(der)
	}
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("x5t", base64.RawURLEncoding.EncodeToString(one[:])).
		WithHeader("x5t#S256", base64.RawURLEncoding.EncodeToString(two[:])).WithHeader("x5c", chain)
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: c.TLS.PrivateKey}, options)
	if err != nil {
		return "", fmt.Errorf("sign an assertion by the client's certificate: %w", err)
	}
	text, err := jwt.Signed(s).Claims(jwt.Claims{Issuer: client, Subject: client, Audience: jwt.Audience{endpoint}, ID: rand.Text(),
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now.Add(-time.Minute)), Expiry: jwt.NewNumericDate(now.Add(assertionTime))}).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign an assertion by the client's certificate: %w", err)
	}
	return text, nil
}
