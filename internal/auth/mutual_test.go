package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"certwright/internal/authority"
	"certwright/internal/files"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// A team has an authority for client certificates, in a file.
type team struct {
	authority.Authority
	file string
}

func newTeam(t *testing.T) team {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	a, err := authority.Root(key, x509.Certificate{SerialNumber: authority.NewSerial(16), Subject: pkix.Name{CommonName: "Clients"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0), KeyUsage: x509.KeyUsageCertSign})
	must.Do(t, err)
	path := filepath.Join(t.TempDir(), "clients.pem")
	must.Do(t, files.Replace(path, authority.PEM(a.Certificate.Raw), 0o644))
	return team{a, path}
}

// client returns a client certificate of the team.
func (a team) client(t *testing.T, of x509.Certificate) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	of.SerialNumber, of.NotBefore = authority.NewSerial(16), time.Now().Add(-time.Hour)
	if of.NotAfter.IsZero() {
		of.NotAfter = time.Now().Add(time.Hour)
	}
	der, err := a.Leaf(key.Public(), of)
	must.Do(t, err)
	leaf, err := x509.ParseCertificate(der)
	must.Do(t, err)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

var forClients = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}

func uri(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	must.Do(t, err)
	return u
}

// A door is a listener that asks for client certificates, and what it found.
type door struct {
	*httptest.Server
	who vault.Caller
	err error
}

func openDoor(t *testing.T, a Authenticator) *door {
	t.Helper()
	d := &door{}
	d.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { d.who, d.err = a.Authenticate(r) }))
	d.TLS = a.Mutual.Asking(&tls.Config{})
	d.Config.ErrorLog = nothing()
	d.StartTLS()
	t.Cleanup(d.Close)
	return d
}

// ask calls the door with a certificate, nil for none, and a token, "" for none.
func (d *door) ask(t *testing.T, with *tls.Certificate, token string) error {
	t.Helper()
	d.who, d.err = vault.Caller{}, nil
	transport := d.Client().Transport.(*http.Transport).Clone()
	defer transport.CloseIdleConnections()
	if with != nil {
		transport.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return with, nil }
	}
	q, err := http.NewRequestWithContext(t.Context(), "GET", d.URL, nil)
	must.Do(t, err)
	if token != "" {
		q.Header.Set("Authorization", token)
	}
	answer, err := (&http.Client{Transport: transport}).Do(q)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// A caller with a client certificate needs no token; which part of it is the
// subject is the configuration's word.
func TestClientCertificates(t *testing.T) {
	t.Parallel()
	ours, others := newTeam(t), newTeam(t)
	full := x509.Certificate{Subject: pkix.Name{CommonName: "web-1"}, DNSNames: []string{"web-1.example.org"}, ExtKeyUsage: forClients, URIs: []*url.URL{uri(t, "spiffe://example.org/web")}}
	good := ours.client(t, full)
	digest := sha256.Sum256(good.Leaf.Raw)
	corp := at("https://login.example.org/corp", "ES256", here)
	v := verifierAt(t, Settings{Issuers: []IssuerSettings{settingsOf(t, "corp", corp)}})
	for subject, want := range map[string]string{"": "spiffe://example.org/web", "san_uri": "spiffe://example.org/web", "san_dns": "web-1.example.org", "common_name": "web-1"} {
		m, err := NewMutual(MutualSettings{CA: ours.file, Subject: subject}, nil)
		must.Do(t, err)
		d := openDoor(t, Authenticator{Verifier: v, Mutual: m})
		must.Do(t, d.ask(t, good, ""))
		if w := d.who; d.err != nil || w.Issuer != "mtls" || w.Subject != want || w.Type != vault.CertificateCaller || w.Name != "web-1" || w.TokenID != hex.EncodeToString(digest[:]) || !w.Address.IsLoopback() {
			t.Errorf("%s: %v, %+v", subject, d.err, w)
		}
	}
	m, err := NewMutual(MutualSettings{CA: ours.file}, nil)
	must.Do(t, err)
	d := openDoor(t, Authenticator{Verifier: v, Mutual: m})
	without := func(change func(*x509.Certificate)) *tls.Certificate {
		c := full
		change(&c)
		return ours.client(t, c)
	}
	for name, c := range map[string]*tls.Certificate{
		"none":          nil,
		"for servers":   nil, // the handshake refuses it, below
		"for nothing":   without(func(c *x509.Certificate) { c.ExtKeyUsage = nil }),
		"for anything":  without(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} }),
		"without URI":   without(func(c *x509.Certificate) { c.URIs = nil }),
		"with two URIs": without(func(c *x509.Certificate) { c.URIs = append(c.URIs, uri(t, "spiffe://example.org/admin")) }),
		"with a long one": without(func(c *x509.Certificate) {
			c.URIs = []*url.URL{uri(t, "spiffe://example.org/"+strings.Repeat("a", 1100))}
		}),
	} {
		must.Do(t, d.ask(t, c, ""))
		if refusal := vault.RefusalIn(d.err); refusal == nil || *refusal != *vault.NoToken() || d.who.Subject != "" {
			t.Errorf("%s: %v, %+v", name, d.err, d.who)
		}
	}
	for name, c := range map[string]*tls.Certificate{
		"of another authority": others.client(t, full),
		"for servers":          without(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }),
		"expired":              without(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }),
	} {
		if err := d.ask(t, c, ""); err == nil {
			t.Errorf("%s: the handshake takes it: %+v, %v", name, d.who, d.err)
		}
	}
}

// A certificate that ends, or whose authority is taken out, while its connection
// is open is no longer good.
func TestAConnectionOutlivesItsCertificate(t *testing.T) {
	t.Parallel()
	ours, others := newTeam(t), newTeam(t)
	c := ours.client(t, x509.Certificate{ExtKeyUsage: forClients, URIs: []*url.URL{uri(t, "spiffe://example.org/web")}})
	r := httptest.NewRequest("GET", "https://web.vault.example.org/", nil)
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{c.Leaf}, VerifiedChains: [][]*x509.Certificate{{c.Leaf, ours.Certificate}}}
	for name, s := range map[string]struct {
		file string
		now  time.Time
		want bool
	}{
		"good": {ours.file, time.Now(), true}, "ended": {ours.file, c.Leaf.NotAfter.Add(time.Second), false}, "not begun": {ours.file, c.Leaf.NotBefore.Add(-time.Second), false},
		"of an authority that is no longer there": {others.file, time.Now(), false},
	} {
		m, err := NewMutual(MutualSettings{CA: s.file}, stoppedClock(s.now))
		must.Do(t, err)
		if got := m.certificate(r); (got != nil) != s.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	now := time.Now()
	m, err := NewMutual(MutualSettings{CA: ours.file}, stoppedClock(now))
	must.Do(t, err)
	var asked []string
	bad := ""
	m.Revoked = func(_ context.Context, c *x509.Certificate) bool {
		asked = append(asked, c.SerialNumber.String())
		return c.SerialNumber.String() == bad
	}
	for range 3 {
		if m.certificate(r) == nil {
			t.Error("one that was not revoked is not taken")
		}
	}
	bad = c.Leaf.SerialNumber.String() // a moment later
	if m.certificate(r) != nil || m.certificate(r) != nil || len(asked) != 5 {
		t.Errorf("a revoked one is taken; asked %v", asked)
	}
	r.RemoteAddr = "10.0.0.1:4711"
	m.Revoked = nil
	if proxied := (Authenticator{Mutual: m, Proxies: Proxies{netip.MustParsePrefix("10.0.0.0/8")}}); proxied.certificate(r) != nil || (Authenticator{Mutual: m}).certificate(r) == nil {
		t.Error("the certificate of a proxy is taken for that of whom it speaks for")
	}
	r.TLS.VerifiedChains = nil // shown, and verified by nobody
	if m.certificate(r) != nil {
		t.Error("a certificate that was not verified is taken")
	}
}

// With both, the token says who calls, and the certificate must be the one that
// the token is bound to, if it is.
func TestTokenAndCertificate(t *testing.T) {
	t.Parallel()
	ours := newTeam(t)
	of := x509.Certificate{ExtKeyUsage: forClients, URIs: []*url.URL{uri(t, "spiffe://example.org/web")}}
	bound, other := ours.client(t, of), ours.client(t, of)
	m, err := NewMutual(MutualSettings{CA: ours.file}, nil)
	must.Do(t, err)
	corp := at("https://login.example.org/corp", "ES256", here)
	d := openDoor(t, Authenticator{Verifier: verifierAt(t, Settings{Issuers: []IssuerSettings{settingsOf(t, "corp", corp)}}), Mutual: m})
	digest := sha256.Sum256(bound.Leaf.Raw)
	free, tied := "Bearer "+corp.Token("ada", nil), "Bearer "+corp.Token("ada", members{"cnf": members{"x5t#S256": encode(digest[:])}})
	for _, c := range []struct {
		name  string
		with  *tls.Certificate
		token string
		fault vault.TokenFault
		says  string
	}{
		{"a token that is not bound", other, free, "", ""},
		{"bound to it", bound, tied, "", ""},
		{"and again, when the token is known", bound, tied, "", ""},
		{"bound to another", other, tied, "claims", "another client certificate"},
		{"bound, and nothing is shown", nil, tied, "claims", "did not show"},
		{"a token that is none", bound, "Bearer x", "", "AKV10000"},
		{"another scheme", bound, "Basic eDp5", "", "AKV10000"},
		{"a forged token", bound, "Bearer " + corp.Token("ada", members{"iss": "https://evil.example"}), "issuer", "AKV10032"},
	} {
		must.Do(t, d.ask(t, c.with, c.token))
		refusal := vault.RefusalIn(d.err)
		if c.says == "" {
			if d.err != nil || d.who.Issuer != "corp" || d.who.Subject != "ada" {
				t.Errorf("%s: %v, %+v", c.name, d.err, d.who)
			}
			continue
		}
		if refusal == nil || refusal.Token != c.fault || !strings.Contains(refusal.Message, c.says) || d.who.Subject != "" {
			t.Errorf("%s: %v, %+v", c.name, d.err, d.who)
		}
	}
}

// The file of authorities is read when the server starts.
func TestMutualRefusesItsFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must.Do(t, files.Replace(filepath.Join(dir, "empty"), nil, 0o644))
	must.Do(t, files.Replace(filepath.Join(dir, "key"), []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), 0o600))
	for _, name := range []string{"none", "empty", "key"} {
		if _, err := NewMutual(MutualSettings{CA: filepath.Join(dir, name)}, nil); err == nil || !strings.HasPrefix(err.Error(), "auth: mtls: ca: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
