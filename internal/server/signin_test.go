package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"certwright/internal/auth"
	"certwright/internal/auth/authtest"
	"certwright/internal/authority"
	"certwright/internal/files"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// A production server takes tokens of its issuers and no others; whatever is
// wrong, the challenge is the same, and a word says what it is.
func TestSignIn(t *testing.T) {
	t.Parallel()
	s := serveIn(t, production(t), Options{})
	c := anyway(t)
	url := s.Ready.IPURL + "/certificates?api-version=7.4"
	challenge := ask(t, c, "GET", url, "").header.Get("WWW-Authenticate")
	if !strings.HasPrefix(challenge, `Bearer authorization="https://127.0.0.1:`) || !strings.Contains(challenge, `/adfs", resource="kv://0.0.1:`) {
		t.Errorf("challenge %q", challenge)
	}
	for _, one := range []struct{ name, token, says, word string }{
		{"opaque", "x", "AKV10000", ""},
		{"expired", corp.Token("ada", map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}), "expired", "expired"},
		{"for another", corp.Token("ada", map[string]any{"aud": "https://vault.azure.net"}), "AKV10022: Invalid audience. Expected https://vault.example.org, found: https://vault.azure.net.", "audience"},
		{"of another", corp.Token("ada", map[string]any{"iss": "https://evil.example"}), "AKV10032: Invalid issuer. Expected one of https://login.example.org/corp, found https://evil.example.", "issuer"},
	} {
		got := ask(t, c, "GET", url, "", "Authorization", "Bearer "+one.token)
		if got.status != http.StatusUnauthorized || got.header.Get("WWW-Authenticate") != challenge || !strings.Contains(got.body, one.says) || got.header.Get(vault.TokenHeader) != one.word {
			t.Errorf("%s: %d %s %q", one.name, got.status, got.body, got.header)
		}
	}
	if got := ask(t, c, "GET", url, "", "Authorization", "Bearer "+corp.Token("ada", nil)); got.status == http.StatusUnauthorized {
		t.Errorf("a good token: %d %s", got.status, got.body)
	}
}

// The challenge names the authority that is configured, whoever is called.
func TestChallengeOfAnAuthority(t *testing.T) {
	t.Parallel()
	with := production(t)
	with.Auth.Authority = "https://login.microsoftonline.com/contoso"
	s := serveIn(t, with, Options{})
	got := ask(t, anyway(t), "GET", s.Ready.IPURL+"/certificates?api-version=7.4", "").header.Get("WWW-Authenticate")
	if !strings.HasPrefix(got, `Bearer authorization="https://login.microsoftonline.com/contoso", resource="kv://`) {
		t.Errorf("challenge %q", got)
	}
}

// Keys that cannot be read are told before anything is made.
func TestSignInRefusesItsFiles(t *testing.T) {
	t.Parallel()
	c := production(t)
	must.Do(t, os.WriteFile(c.Auth.Issuers[0].JWKSFile, []byte("{}"), 0o600))
	if _, err := Start(t.Context(), c, Options{}); err == nil || !strings.HasPrefix(err.Error(), "auth: issuers: corp: jwks_file: ") {
		t.Errorf("it starts: %v", err)
	}
	if _, err := os.Stat(c.Data); !os.IsNotExist(err) {
		t.Errorf("the data folder was made: %v", err)
	}
}

// A server whose issuer cannot be reached starts, says so to everybody, and is
// not ready while nobody can sign in; once the issuer is there it is.
func TestAnIssuerThatIsDown(t *testing.T) {
	t.Parallel()
	sso := authtest.Serve(t, "ES256", "https://vault.example.org")
	sso.Break(http.StatusServiceUnavailable)
	c := production(t)
	c.Auth.Issuers = append(c.Auth.Issuers, auth.IssuerSettings{Name: "sso", URL: sso.URL, Audiences: sso.Audiences})
	s := serveIn(t, c, Options{})
	note := "sign-in issuer sso: its keys cannot be fetched"
	if got := ask(t, anyway(t), "GET", s.Ready.HTTPURL+"/readyz", ""); got.status != http.StatusOK || !strings.HasPrefix(got.body, "ready\n") || !strings.Contains(got.body, note) || strings.Contains(got.body, sso.URL) {
		t.Errorf("with another issuer: %d %s", got.status, got.body)
	}
	c = production(t)
	c.Auth.Issuers = []auth.IssuerSettings{{Name: "sso", URL: sso.URL, Audiences: sso.Audiences}}
	s = serveIn(t, c, Options{})
	if got := ask(t, anyway(t), "GET", s.Ready.HTTPURL+"/readyz", ""); got.status != http.StatusServiceUnavailable || !strings.HasPrefix(got.body, "not ready\n") || !strings.Contains(got.body, note) {
		t.Errorf("alone: %d %s", got.status, got.body)
	}
	sso.Break(0)
	for _, p := range s.now().signIn.verifier.Probe(t.Context()) {
		must.Do(t, p.Err)
	}
	if got := ask(t, anyway(t), "GET", s.Ready.HTTPURL+"/readyz", ""); got.status != http.StatusOK || got.body != "ready\n" {
		t.Errorf("once it is back: %d %s", got.status, got.body)
	}
	_ = ask(t, anyway(t), "GET", s.Ready.IPURL+"/certificates?api-version=7.4", "", "Authorization", "Bearer "+sso.Token("ada", map[string]any{"aud": "x"}))
	metrics := s.metricsText(t)
	for _, want := range []string{`certwright_signin_refused_total{reason="audience"} 1`, `certwright_signin_key_fetches_total{issuer="sso",outcome="done"} 1`, `certwright_signin_key_fetches_total{issuer="sso",outcome="missed"}`,
		`certwright_signin_keys_timestamp_seconds{issuer="sso"}`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("there is no %s", want)
		}
	}
}

// metricsText is what /metrics shows, whoever may see it.
func (s *Server) metricsText(t *testing.T) string {
	t.Helper()
	w := httptest.NewRecorder()
	s.metrics.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

// The side door takes the same tokens, and answers with the same challenge.
func TestSideDoorSignIn(t *testing.T) {
	t.Parallel()
	s := serveIn(t, production(t), Options{})
	url := s.Ready.HTTPURL + "/admin/operations"
	for word, token := range map[string]string{"": "Bearer x", "issuer": "Bearer " + corp.Token("ada", map[string]any{"iss": "https://evil.example"})} {
		got := ask(t, anyway(t), "GET", url, "", "Authorization", token)
		if got.status != http.StatusUnauthorized || !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer authorization=") || got.header.Get(vault.TokenHeader) != word {
			t.Errorf("%s: %d %s %v", token, got.status, got.body, got.header)
		}
	}
	if got := ask(t, anyway(t), "GET", url, "", "Authorization", "Bearer "+corp.Token("ada", nil)); got.status != http.StatusForbidden {
		t.Errorf("a good token without a role: %d %s", got.status, got.body)
	}
}

// Client certificates are asked for where the configuration takes them, and a
// reload takes others; over HTTP/2 as well.
func TestClientCertificateSignsIn(t *testing.T) {
	t.Parallel()
	c := production(t)
	dir := t.TempDir()
	s := serveIn(t, c, Options{})
	ours, others := clientCertificate(t, filepath.Join(dir, "ours.pem")), clientCertificate(t, filepath.Join(dir, "others.pem"))
	url := s.Ready.IPURL + "/certificates?api-version=7.4"
	called := func(with *tls.Certificate) string {
		t.Helper()
		client := anyway(t)
		transport := client.Transport.(*http.Transport)
		transport.ForceAttemptHTTP2 = true
		transport.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return with, nil }
		q, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
		must.Do(t, err)
		got, err := client.Do(q)
		if err != nil {
			return "no handshake"
		}
		defer got.Body.Close()
		return fmt.Sprint(got.StatusCode, " ", got.Proto)
	}
	if got := called(ours); got != "401 HTTP/2.0" {
		t.Errorf("without mtls: %s", got)
	}
	for file, want := range map[string][2]string{"ours.pem": {"403 HTTP/2.0", "no handshake"}, "others.pem": {"no handshake", "403 HTTP/2.0"}} {
		c.Auth.MTLS = &auth.MutualSettings{CA: filepath.Join(dir, file)}
		if _, err := s.Reload(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if got := [2]string{called(ours), called(others)}; got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
	if got := ask(t, anyway(t), "GET", url, ""); got.status != http.StatusUnauthorized {
		t.Errorf("without a certificate: %d", got.status)
	}
}

// clientCertificate makes an authority in a file, and a client certificate of it.
func clientCertificate(t *testing.T, file string) *tls.Certificate {
	t.Helper()
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	a, err := authority.Root(root, x509.Certificate{SerialNumber: authority.NewSerial(16), Subject: pkix.Name{CommonName: file},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0), KeyUsage: x509.KeyUsageCertSign})
	must.Do(t, err)
	must.Do(t, files.Replace(file, authority.PEM(a.Certificate.Raw), 0o644))
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	id, err := url.Parse("spiffe://example.org/web")
	must.Do(t, err)
	der, err := a.Leaf(key.Public(), x509.Certificate{SerialNumber: authority.NewSerial(16), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, URIs: []*url.URL{id}})
	must.Do(t, err)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
