package ledger

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	mathrand "math/rand/v2"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// Brought is something to import, in base64: a PFX and its certificate.
type Brought struct{ PFX, Certificate string }

// Bring makes a certificate that holds for a year.
func Bring() (Brought, error) { return bring(365 * 24 * time.Hour) }

// shortly is how long a certificate holds whose renewal is due when a hundredth of
// it has gone.
const shortly = 5 * time.Minute

func bring(holds time.Duration) (Brought, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Brought{}, err
	}
	t := template(holds)
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return Brought{}, err
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return Brought{}, err
	}
	b, err := pkcs12.LegacyDES.Encode(key, c, nil, "")
	return Brought{base64.StdEncoding.EncodeToString(b), base64.StdEncoding.EncodeToString(der)}, err
}

// sign issues a leaf for a CSR, base64 both.
func sign(csr string) (string, error) {
	der, err := base64.StdEncoding.DecodeString(csr)
	if err != nil {
		return "", err
	}
	q, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return "", err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	t := template(365 * 24 * time.Hour)
	leaf, err := x509.CreateCertificate(rand.Reader, t, t, q.PublicKey, key)
	return base64.StdEncoding.EncodeToString(leaf), err
}

func template(holds time.Duration) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{SerialNumber: big.NewInt(mathrand.Int64()), Subject: pkix.Name{CommonName: "brought"}, NotBefore: now, NotAfter: now.Add(holds)}
}
