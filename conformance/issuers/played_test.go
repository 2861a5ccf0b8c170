package issuers_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"certwright/internal/must"
)

// playedBao answers to signing as OpenBao 2.7.2 does (internal/issuer/openbao
// tries both beside each other).
func playedBao(t *testing.T) signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Check Root"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().AddDate(9, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	if err == nil {
		root, err = x509.ParseCertificate(der)
	}
	must.Do(t, err)
	var sealed atomic.Bool
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case sealed.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"errors":["Vault is sealed"]}`))
		case r.URL.Path == "/v1/sys/health":
			_, _ = w.Write([]byte(`{"initialized":true,"sealed":false,"standby":false}`))
		case r.Header.Get("X-Vault-Token") != "root":
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"errors":["permission denied"]}`))
		default:
			sign(w, r, root, key)
		}
	}))
	t.Cleanup(door.Close)
	set := func(to bool) func() error { return func() error { sealed.Store(to); return nil } }
	return signer{door.URL, "root", set(true), set(false)}
}

func sign(w http.ResponseWriter, r *http.Request, root *x509.Certificate, key *ecdsa.PrivateKey) {
	var ask struct{ CSR string }
	err := json.NewDecoder(r.Body).Decode(&ask)
	block, _ := pem.Decode([]byte(ask.CSR))
	var csr *x509.CertificateRequest
	if err == nil && block != nil {
		csr, err = x509.ParseCertificateRequest(block.Bytes)
	}
	if err != nil || csr == nil || strings.HasSuffix(csr.Subject.CommonName, ".blocked.test") {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"errors":["common name not allowed by this role"]}`))
		return
	}
	n, _ := rand.Int(rand.Reader, big.NewInt(1<<62)) // never fails
	now := time.Now()
	leaf, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: n, Subject: csr.Subject, DNSNames: csr.DNSNames,
		NotBefore: now.Add(-time.Minute), NotAfter: now.AddDate(1, 0, 0)}, root, csr.PublicKey, key)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	text := func(der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	_ = json.NewEncoder(w).Encode(object{"data": object{"certificate": text(leaf), "issuing_ca": text(root.Raw), "ca_chain": []string{text(root.Raw)}}})
}
