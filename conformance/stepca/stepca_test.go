package stepca

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"certwright/internal/challenge"
	"certwright/internal/clock"
	"certwright/internal/issuer/acme"
	"certwright/internal/issuer/issuertest"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// A world is the authority, the names that it sees and accounts at it.
type world struct {
	*authority
	names *names
	book  vault.Accounts
}

func TestStepCA(t *testing.T) {
	t.Parallel()
	n := startNames(t)
	program := build(t)
	w := &world{newAuthority(t, program, n.address, "elsewhere.test"), n, sqltest.Accounts(t)}
	closed := &world{newAuthority(t, program, n.address, "www.example.test"), n, w.book}
	t.Run("contract", func(t *testing.T) { w.contract(t, closed) })
	t.Run("wildcard and names, EC", w.wildcard)
	t.Run("http-01 on the board", w.http01)
	t.Run("a name that the policy forbids", w.forbidden)
	t.Run("revocation", w.revokes)
	t.Run("a record that is seen late", w.late)
	t.Run("a record that is never seen", w.never)
	if now, ever := n.count(); now != 0 || ever == 0 {
		t.Errorf("%d TXT records are left of %d", now, ever)
	}
}

// issuer is the ACME provider with the solver that its settings say.
func (w *world) issuer(t *testing.T, provisioner string, solver challenge.Settings, board *challenge.Responses) *acme.Issuer {
	t.Helper()
	s := acme.Settings{Directory: w.directory(provisioner), CABundle: w.bundle, Solver: solver}
	made, err := challenge.New(solver, challenge.Means{Clock: clock.Real{}, Responses: board})
	must.Do(t, err)
	i, err := acme.New(acme.Issuer{Name: "step-ca", Settings: s, Accounts: w.book, Solver: made})
	must.Do(t, err)
	return i
}

func (w *world) byUpdates(t *testing.T, provisioner string) *acme.Issuer {
	t.Helper()
	return w.issuer(t, provisioner, challenge.Settings{Kind: "rfc2136", Server: w.names.address, Zone: "test"}, nil)
}

func resource() vault.IssuerConfig {
	return vault.IssuerConfig{Vault: "default", Name: "step", Provider: "step-ca", Enabled: true}
}

// contract issues for RSA and EC, base and wildcard, through everything that
// issuertest asks of an issuer. Out of reach is an authority that is not running.
func (w *world) contract(t *testing.T, closed *world) {
	at := func(w *world, provisioner string) func(*testing.T) (vault.Issuer, vault.IssuerConfig) {
		return func(t *testing.T) (vault.Issuer, vault.IssuerConfig) { return w.byUpdates(t, provisioner), resource() }
	}
	issuertest.Run(t, issuertest.Case{
		New:    at(w, "acme"),
		Again:  func(t *testing.T, _ vault.Issuer) vault.Issuer { return w.byUpdates(t, "acme") },
		Pass:   func(*testing.T, time.Duration) { <-time.After(15 * time.Millisecond) }, // the authority is a program
		Fault:  at(w, "bound"),
		Hold:   at(w, "acme"),
		Reject: at(closed, "acme"),
		Unreachable: func(t *testing.T) (vault.Issuer, vault.IssuerConfig) {
			w.stop()
			return &later{Issuer: w.byUpdates(t, "acme"), at: 3, do: func() { w.start(t) }}, resource()
		},
		Names: []string{"www.example.test", "*.www.example.test"},
	})
}

// later does something before a step.
type later struct {
	*acme.Issuer
	at    int32
	steps atomic.Int32
	do    func()
}

func (i *later) Step(ctx context.Context, o vault.Order) (vault.Progress, error) {
	if i.steps.Add(1) == i.at {
		i.do()
	}
	return i.Issuer.Step(ctx, o)
}

// order is one for a new EC key.
func (w *world) order(t *testing.T, dns ...string) vault.Order {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	must.Do(t, err)
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: dns}, key)
	must.Do(t, err)
	now := time.Now().UTC()
	return vault.Order{ID: vault.NewID(), Ref: vault.Ref{Vault: "default", Kind: vault.Certificates, Name: "web"}, CSR: csr, Issuer: resource(), Created: now, Now: now}
}

// issue takes an order to its end.
func (w *world) issue(t *testing.T, i *acme.Issuer, dns ...string) vault.Progress {
	t.Helper()
	o := w.order(t, dns...)
	for range 200 {
		p, err := i.Step(t.Context(), o)
		must.Do(t, err)
		if p.Chain != nil || p.Failure != nil {
			return p
		}
		o.State, o.Now = p.State, o.Now.Add(max(p.Again, time.Second))
		<-time.After(15 * time.Millisecond) // the authority is a program
	}
	t.Fatal("no end after 200 steps")
	return vault.Progress{}
}

func leafOf(t *testing.T, p vault.Progress) *x509.Certificate {
	t.Helper()
	if len(p.Chain) < 2 {
		t.Fatalf("not issued with its chain: %+v", p)
	}
	leaf, err := x509.ParseCertificate(p.Chain[0])
	must.Do(t, err)
	return leaf
}

func (w *world) wildcard(t *testing.T) {
	want := []string{"*.a.example.test", "a.example.test", "b.example.test", "c.d.example.test"}
	leaf := leafOf(t, w.issue(t, w.byUpdates(t, "acme"), want...))
	if got := slices.Sorted(slices.Values(leaf.DNSNames)); !slices.Equal(got, want) {
		t.Errorf("names %v, want %v", got, want)
	}
}

func (w *world) http01(t *testing.T) {
	board := &challenge.Responses{Accounts: w.book}
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", w.httpPort))
	must.Do(t, err)
	server := &http.Server{Handler: board, ReadHeaderTimeout: 5 * time.Second}
	down := make(chan error, 1)
	go func() { down <- server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close() // the test is over
		<-down
	})
	i := w.issuer(t, "acme", challenge.Settings{Kind: "http"}, board)
	if leaf := leafOf(t, w.issue(t, i, "http.example.test")); !slices.Equal(leaf.DNSNames, []string{"http.example.test"}) {
		t.Errorf("names %v", leaf.DNSNames)
	}
}

func (w *world) forbidden(t *testing.T) {
	p := w.issue(t, w.byUpdates(t, "acme"), "www.elsewhere.test")
	if p.Failure == nil || p.Failure.Code != vault.RequestRejected || !strings.Contains(p.Failure.Message, "the order for www.elsewhere.test: The server will not issue certificates for the identifier") {
		t.Errorf("failure %+v, want %q in the authority's words", p.Failure, vault.RequestRejected)
	}
}

func (w *world) revokes(t *testing.T) {
	i := w.byUpdates(t, "acme")
	p := w.issue(t, i, "revoked.example.test")
	leafOf(t, p)
	r := vault.Revocation{Issuer: resource(), Ref: p.Ref, Chain: p.Chain, Reason: 4, Now: time.Now().UTC()}
	for range 2 { // the second time the authority says that it is revoked already
		must.Do(t, i.Revoke(t.Context(), r))
	}
}
