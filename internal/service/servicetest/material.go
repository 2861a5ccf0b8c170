package servicetest

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"testing"

	"certwright/internal/must"
)

// SelfSigned is a certificate made from a form and signed with its own key, and
// that key, as PEM.
func SelfSigned(t testing.TB, key crypto.Signer, form x509.Certificate) string {
	t.Helper()
	form.SerialNumber = big.NewInt(1)
	cert, err := x509.CreateCertificate(rand.Reader, &form, &form, key.Public(), key)
	must.Do(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	must.Do(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})) +
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}))
}
