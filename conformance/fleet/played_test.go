package fleet_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/internal/must"
)

// An authority plays an ACME server (RFC 8555) that asks for no proofs and advises when
// to renew (RFC 9773). It notes when it was asked for each window.
type authority struct {
	t        *testing.T
	now      func() time.Time
	every    time.Duration // that it wants to be asked for a window
	key      *ecdsa.PrivateKey
	root     *x509.Certificate
	mu       sync.Mutex
	orders   []order
	windows  map[string][]time.Time // asked for, by the certificate's id
	lifetime time.Duration
	*httptest.Server
}

type order struct {
	names any
	chain string // PEM, once it was finalized
}

func newAuthority(t *testing.T, now func() time.Time, lifetime, every time.Duration) *authority {
	t.Helper()
	a := &authority{t: t, now: now, every: every, lifetime: lifetime, windows: map[string][]time.Time{}}
	var err error
	a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	a.root = &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Played Root"}, NotBefore: now().Add(-time.Hour),
		NotAfter: now().AddDate(9, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, a.root, a.root, a.key.Public(), a.key)
	must.Do(t, err)
	a.root, err = x509.ParseCertificate(der)
	must.Do(t, err)
	a.Server = httptest.NewTLSServer(a)
	t.Cleanup(a.Close)
	return a
}

// bundle writes the file that trusts its door.
func (a *authority) bundle() string {
	file := filepath.Join(a.t.TempDir(), "authority.pem")
	must.Do(a.t, os.WriteFile(file, pemOf(a.Certificate().Raw), 0o600))
	return file
}

func pemOf(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// ServeHTTP implements http.Handler.
func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header().Set("Replay-Nonce", rand.Text())
	answer := func(status int, body any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	what, id := path.Split(r.URL.Path)
	n, _ := strconv.Atoi(id) // of an order
	switch what {
	case "/directory/":
		answer(http.StatusOK, map[string]any{"newNonce": a.URL + "/nonce/", "newAccount": a.URL + "/account/", "newOrder": a.URL + "/new/", "revokeCert": a.URL + "/revoke/",
			"keyChange": a.URL + "/change/", "renewalInfo": a.URL + "/window"})
	case "/nonce/":
	case "/account/":
		w.Header().Set("Location", a.URL+"/account/1")
		answer(http.StatusCreated, map[string]any{"status": "valid"})
	case "/new/":
		var asked struct{ Identifiers any }
		a.read(r, &asked)
		a.orders = append(a.orders, order{names: asked.Identifiers})
		n = len(a.orders) - 1
		w.Header().Set("Location", fmt.Sprint(a.URL, "/order/", n))
		answer(http.StatusCreated, a.shown(n))
	case "/proof/":
		answer(http.StatusOK, map[string]any{"status": "valid", "identifier": a.orders[n].names.([]any)[0]})
	case "/finalize/":
		var asked struct{ CSR string }
		a.read(r, &asked)
		a.orders[n].chain = a.sign(asked.CSR)
		fallthrough
	case "/order/":
		answer(http.StatusOK, a.shown(n))
	case "/chain/":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		_, _ = io.WriteString(w, a.orders[n].chain)
	case "/window/":
		now := a.now()
		a.windows[id] = append(a.windows[id], now)
		w.Header().Set("Retry-After", strconv.Itoa(int(a.every.Seconds())))
		start := a.root.NotBefore.Add(a.lifetime - 24*time.Hour).Truncate(time.Second)
		answer(http.StatusOK, map[string]any{"suggestedWindow": map[string]time.Time{"start": start, "end": start.Add(time.Hour)}})
	default:
		a.t.Errorf("the authority is asked for %s", r.URL.Path)
		answer(http.StatusNotFound, map[string]any{"type": "urn:ietf:params:acme:error:malformed"})
	}
}

// read reads what a signed request says; whose signature it is does not matter here.
func (a *authority) read(r *http.Request, into any) {
	var signed struct{ Payload string }
	err := json.NewDecoder(r.Body).Decode(&signed)
	var plain []byte
	if err == nil {
		plain, err = base64.RawURLEncoding.DecodeString(signed.Payload)
	}
	if err == nil {
		err = json.Unmarshal(plain, into)
	}
	if err != nil {
		a.t.Errorf("%s: %v", r.URL.Path, err)
	}
}

func (a *authority) shown(n int) map[string]any {
	o := map[string]any{"status": "ready", "identifiers": a.orders[n].names, "authorizations": []string{fmt.Sprint(a.URL, "/proof/", n)}, "finalize": fmt.Sprint(a.URL, "/finalize/", n)}
	if a.orders[n].chain != "" {
		o["status"], o["certificate"] = "valid", fmt.Sprint(a.URL, "/chain/", n)
	}
	return o
}

func (a *authority) sign(text string) string {
	der, err := base64.RawURLEncoding.DecodeString(text)
	var csr *x509.CertificateRequest
	if err == nil {
		csr, err = x509.ParseCertificateRequest(der)
	}
	if err == nil {
		serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) // never fails
		der, err = x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: csr.DNSNames[0]}, DNSNames: csr.DNSNames,
			NotBefore: a.now().Add(-time.Minute), NotAfter: a.now().Add(a.lifetime)}, a.root, csr.PublicKey, a.key)
	}
	if err != nil {
		a.t.Error(err)
		return ""
	}
	return strings.Join([]string{string(pemOf(der)), string(pemOf(a.root.Raw))}, "")
}
