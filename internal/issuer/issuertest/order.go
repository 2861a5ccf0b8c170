package issuertest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"sync"
	"testing"
	"time"

	"certwright/internal/policy"
	"certwright/internal/vault"
)

func (j *judge) order(t *testing.T, cfg vault.IssuerConfig, key crypto.Signer) vault.Order {
	t.Helper()
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: j.Names[0]}, DNSNames: j.Names}, key)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	policy := policy.New(policy.Patch{}, now)
	policy.X509.Subject = "CN=" + j.Names[0]
	policy.X509.SANs = &vault.SANs{DNS: j.Names}
	return vault.Order{ID: vault.NewID(), Ref: vault.Ref{Vault: "default", Kind: vault.Certificates, Name: "web"}, CSR: csr,
		Policy: policy, Issuer: cfg, Password: j.Password, Created: now, Now: now}
}

func checkIssued(t *testing.T, p vault.Progress, key crypto.Signer, names []string) {
	t.Helper()
	if len(p.Chain) == 0 {
		t.Fatalf("not issued: %+v", p)
	}
	leaf, err := x509.ParseCertificate(p.Chain[0])
	if err != nil {
		t.Fatalf("leaf: %v", err)
	}
	if want, got := public(t, key.Public()), public(t, leaf.PublicKey); !bytes.Equal(want, got) {
		t.Error("the leaf's key is not the request's")
	}
	for _, n := range names {
		if err := leaf.VerifyHostname(n); err != nil {
			t.Error(err)
		}
	}
	for i := range len(p.Chain) - 1 {
		checkSigned(t, p.Chain[i], p.Chain[i+1])
	}
}

func checkSigned(t *testing.T, child, parent []byte) {
	t.Helper()
	a, err := x509.ParseCertificate(child)
	b, err2 := x509.ParseCertificate(parent)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	if err := a.CheckSignatureFrom(b); err != nil {
		t.Errorf("%s is not signed by %s: %v", a.Subject, b.Subject, err)
	}
}

func public(t *testing.T, k any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func keys(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	r, err := rsaKey()
	e, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	return map[string]crypto.Signer{"RSA": r, "EC": e}
}
