package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

var curves = map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}

// template is what every certificate made outside the vault looks like.
func template(cn string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	return &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: cn}, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature}
}

// newPFX makes a certificate of its own, as base64 of a PFX and as DER.
func newPFX(password string) (string, []byte, error) {
	key, der, err := outside()
	if err != nil {
		return "", nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return "", nil, err
	}
	pfx, err := pkcs12.Modern.Encode(key, leaf, nil, password)
	return base64.StdEncoding.EncodeToString(pfx), der, err
}

// newPEM makes a certificate of its own, as PEM text and as DER.
func newPEM() (string, []byte, error) {
	key, der, err := outside()
	if err != nil {
		return "", nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	return string(text) + string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), der, nil
}

func outside() (crypto.Signer, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	t := template("Imported")
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	return key, der, err
}

// signed issues a certificate for a CSR, leaf and CA as DER.
func signed(csr []byte) ([][]byte, error) {
	q, err := x509.ParseCertificateRequest(csr)
	if err != nil {
		return nil, err
	}
	if err := q.CheckSignature(); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	ca := template("Outside CA")
	ca.IsCA, ca.KeyUsage = true, x509.KeyUsageCertSign
	root, err := x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.CreateCertificate(rand.Reader, template(q.Subject.CommonName), ca, q.PublicKey, key)
	return [][]byte{leaf, root}, err
}
