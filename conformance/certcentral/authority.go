package certcentral

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// An authority signs: a root, and an issuing one below it.
type authority struct {
	root, issuing *x509.Certificate
	key           *ecdsa.PrivateKey // of the issuing one
}

func newAuthority(now time.Time) (authority, error) {
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, fmt.Errorf("make the root: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, fmt.Errorf("make the issuing authority: %w", err)
	}
	from, to := now.AddDate(-1, 0, 0), now.AddDate(20, 0, 0)
	root, err := sign(authorityOf("Fake CertCentral Root", from, to), nil, rootKey.Public(), rootKey)
	if err != nil {
		return authority{}, err
	}
	issuing, err := sign(authorityOf("Fake CertCentral TLS CA 1", from, to), root, key.Public(), rootKey)
	return authority{root: root, issuing: issuing, key: key}, err
}

func authorityOf(cn string, from, to time.Time) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: cn, Organization: []string{"Fake CertCentral, trust nothing"}}, NotBefore: from, NotAfter: to,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, IsCA: true, BasicConstraintsValid: true,
	}
}

// sign makes a certificate; its own signer if parent is nil.
func sign(t, parent *x509.Certificate, public any, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		return nil, fmt.Errorf("make a serial number: %w", err)
	}
	t.SerialNumber = serial.Add(serial, new(big.Int).Lsh(big.NewInt(1), 126))
	if parent == nil {
		parent = t
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, public, key)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", t.Subject, err)
	}
	return x509.ParseCertificate(der)
}

// issue makes a leaf with the names of the order: the API takes nothing from
// the CSR but its key.
func (a authority) issue(csr string, cn string, names []string, from, to time.Time) (*x509.Certificate, error) {
	request, err := readCSR(csr)
	if err != nil {
		return nil, err
	}
	return sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: cn}, DNSNames: names, NotBefore: from, NotAfter: to, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.issuing, request.PublicKey, a.key)
}

// readCSR reads PEM with or without line breaks.
func readCSR(text string) (*x509.CertificateRequest, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		const head, tail = "-----BEGIN CERTIFICATE REQUEST-----", "-----END CERTIFICATE REQUEST-----"
		body := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(text), head), tail)
		if block, _ = pem.Decode([]byte(head + "\n" + strings.TrimSpace(body) + "\n" + tail + "\n")); block == nil {
			return nil, errors.New("no PEM")
		}
	}
	r, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, err
	}
	return r, r.CheckSignature()
}

func toPEM(certs ...*x509.Certificate) (text string) {
	for _, c := range certs {
		text += string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return text
}

func thumbprint(c *x509.Certificate) string {
	sum := sha1.Sum(c.Raw)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

func serial(c *x509.Certificate) string {
	return strings.ToUpper(hex.EncodeToString(c.SerialNumber.Bytes()))
}
