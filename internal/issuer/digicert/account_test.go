package digicert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"certwright/conformance/certcentral"
	"certwright/internal/clock"
	"certwright/internal/must"
	"certwright/internal/policy"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

const apiKey = "key-of-the-test-account"

// began is when the orders of tests are created. The fake runs on real time
// plus what passed, so orders begin now.
var began = clock.Real{}.Now().Truncate(time.Second)

// An at is a fake account, with issuers that order there.
type at struct {
	*certcentral.Server
	url      string
	accounts vault.Accounts
	set      Settings
	now      time.Time
	close    func()
}

// newAccount starts a fake account whose orders go like play.
func newAccount(t *testing.T, play certcentral.Play) *at {
	t.Helper()
	a := onBook(t, play, sqltest.Accounts(t), func() time.Time { return began })
	t.Cleanup(a.close)
	return a
}

// onBook is newAccount with rows and a clock that others may share; close it.
// Connections are not kept: every step has its own.
func onBook(t *testing.T, play certcentral.Play, rows vault.Accounts, now func() time.Time) *at {
	t.Helper()
	fake, err := certcentral.New(apiKey, now)
	must.Do(t, err)
	fake.Set(play)
	door := httptest.NewUnstartedServer(fake)
	door.Config.SetKeepAlivesEnabled(false)
	door.Start()
	return &at{Server: fake, url: door.URL + certcentral.Base, accounts: rows, now: began, close: door.Close}
}

// issuer returns one as another process would have it.
func (a *at) issuer(t testing.TB) *Issuer {
	t.Helper()
	set := a.set
	set.BaseURL = a.url
	i, err := New("DigiCert", set, a.accounts)
	must.Do(t, err)
	return i
}

func (a *at) pass(d time.Duration) {
	a.now = a.now.Add(d)
	a.Pass(d)
}

func resource() vault.IssuerConfig {
	return vault.IssuerConfig{Vault: "default", Name: "mydigicert", Provider: "DigiCert", Enabled: true,
		Credentials: &vault.Credentials{AccountID: "4417", Password: vault.Sealed("sealed")}, Organization: &vault.Organization{ID: "90210"}}
}

var ecKey = sync.OnceValues(func() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) })

// newOrder is an order for names, with a key that all tests share.
func newOrder(t testing.TB, names ...string) vault.Order {
	t.Helper()
	key, err := ecKey()
	must.Do(t, err)
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: names[0]}, DNSNames: names}, key)
	must.Do(t, err)
	p := policy.New(policy.Patch{}, began)
	p.X509.Subject, p.X509.SANs, p.Issuer.CertType = "CN="+names[0], &vault.SANs{DNS: names}, "OV-SSL"
	return vault.Order{ID: vault.NewID(), Ref: vault.Ref{Vault: "default", Kind: vault.Certificates, Name: "web"}, CSR: csr, Policy: p,
		Issuer: resource(), Password: apiKey, Created: began, Now: began}
}

const mostSteps = 400

// walk takes an order to its end as the engine does, each step in another
// process; errors lose the state of their step.
func (a *at) walk(t testing.TB, o vault.Order) vault.Progress {
	t.Helper()
	p, _ := a.steps(t, o, mostSteps)
	if p.Chain == nil && p.Failure == nil && !p.Cancelled {
		t.Fatalf("no end after %d steps; last: %+v", mostSteps, p)
	}
	return p
}

// steps takes at most n steps, and returns the order as it then stands.
func (a *at) steps(t testing.TB, o vault.Order, n int) (p vault.Progress, _ vault.Order) {
	t.Helper()
	for range n {
		o.Now = a.now
		next, err := a.issuer(t).Step(t.Context(), o)
		if err != nil {
			o.Attempt++
			a.pass(after(err))
			continue
		}
		if p = next; p.Chain != nil || p.Failure != nil || p.Cancelled {
			return p, o
		}
		o.State, o.Attempt = p.State, 0
		a.pass(max(p.Again, time.Second))
	}
	return p, o
}

func after(err error) time.Duration {
	var later *vault.RetryError
	if errors.As(err, &later) {
		return later.After
	}
	return 5 * time.Second
}

// mustIssue fails the test unless the order was issued whole, by one paid order.
func (a *at) mustIssue(t testing.TB, p vault.Progress, orders int) *x509.Certificate {
	t.Helper()
	if len(p.Chain) != 3 {
		t.Fatalf("not issued with its chain: %d certificates, %+v", len(p.Chain), p.Failure)
	}
	if got := len(a.Orders()); got != orders {
		t.Errorf("%d orders were paid, want %d", got, orders)
	}
	for comment, n := range a.Paid() {
		if n != 1 {
			t.Errorf("%d orders were paid for %q", n, comment)
		}
	}
	leaf, err := x509.ParseCertificate(p.Chain[0])
	must.Do(t, err)
	return leaf
}
