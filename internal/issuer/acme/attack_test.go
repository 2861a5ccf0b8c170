package acme

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"
	xacme "golang.org/x/crypto/acme"

	"certwright/internal/challenge"
	"certwright/internal/must"
)

// An authority's answers lead to no place that its directory does not name.
func TestReach(t *testing.T) {
	t.Parallel()
	r := reachOf("https://ca.test:14000/dir", acme.Directory{NewNonce: "https://ca.test:14000/nonce", NewAccount: "https://Accounts.test/new",
		NewOrder: "http://169.254.169.254/latest/meta-data", RenewalInfo: "https://ari.test"})
	for address, want := range map[string]bool{
		"https://ca.test:14000/order/1": true, "https://accounts.test/acct/1": true, "https://ari.test/x": true,
		"http://169.254.169.254/latest/meta-data": false, "http://ca.test:14000/order/1": false, "https://ca.test/order/1": false,
		"https://vault.internal:8200/v1/sys/seal": false, "https://ca.test:14000@evil.test/": false, "/order/1": false, "file:///etc/passwd": false,
	} {
		u, err := url.Parse(address)
		must.Do(t, err)
		if err := r.check(u); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
	local := reachOf("http://127.0.0.1:14000/dir", acme.Directory{NewNonce: "http://127.0.0.1:9000/x"})
	if !local["http://127.0.0.1:14000"] || local["http://127.0.0.1:9000"] {
		t.Errorf("in the clear: %v", local)
	}
}

// The library's own calls keep to it.
func TestLibraryKeepsInReach(t *testing.T) {
	t.Parallel()
	var called atomic.Bool
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called.Store(true) }))
	defer inside.Close()
	l := library{reach: reachOf("https://ca.test/dir", acme.Directory{}), next: http.DefaultTransport}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, inside.URL, strings.NewReader("{}"))
	must.Do(t, err)
	if _, err := l.RoundTrip(r); err == nil || called.Load() {
		t.Errorf("called what only we can reach: %v", err)
	}
}

// What is published is made with our own key, whatever key authorization the
// authority sends along: another's would prove our names for that other.
func TestProofIsOurOwn(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	foreign := acme.Challenge{Type: "http-01", URL: "https://ca.test/c", Token: "tok", KeyAuthorization: "tok.ThumbprintOfAnother"}
	dns := foreign
	dns.Type = "dns-01"
	for _, kind := range []string{"http-01", "dns-01"} {
		v := validation{&step{Issuer: &Issuer{Name: "Test", Solver: solverOf(kind)}, order: newOrder(t, resource("x"), "www.example.test"), account: acme.Account{PrivateKey: key}}}
		a := acme.Authorization{Identifier: acme.Identifier{Type: "dns", Value: "www.example.test"}, Challenges: []acme.Challenge{foreign, dns}}
		p, why := v.proof(a)
		own, err := record("www.example.test", kind, "tok", key)
		if why != "" || err != nil || p.Record != own || strings.Contains(p.Record.Value, "Another") {
			t.Errorf("%s: %+v %q %v", kind, p.Record, why, err)
		}
		a.Identifier.Value = "other.example.test"
		if p, why := v.proof(a); !strings.Contains(why, "not asked for") {
			t.Errorf("%s: a name that nobody asked for: %+v %q", kind, p, why)
		}
	}
}

// solverOf is a solver that publishes nothing.
type solverOf string

func (s solverOf) Type() string                                  { return string(s) }
func (solverOf) Present(context.Context, challenge.Record) error { return nil }
func (solverOf) Cleanup(context.Context, challenge.Record) error { return nil }
func (solverOf) Ready(context.Context, challenge.Record, time.Time, time.Time) (bool, time.Duration, error) {
	return true, 0, nil
}

// RFC 7638's thumbprint, held against that of another library.
func TestThumbprint(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	want, err := xacme.JWKThumbprint(key.Public())
	got, err2 := thumbprint(key)
	if err != nil || err2 != nil || got != want {
		t.Errorf("%s, want %s (%v %v)", got, want, err, err2)
	}
}
