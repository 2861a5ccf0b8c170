package acme

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"strings"
	"testing"

	"certwright/conformance/pebble"
	"certwright/internal/challenge"
	"certwright/internal/must"
	"certwright/internal/vault"
)

func http01(t *testing.T, s *pebble.Server, book vault.Accounts) {
	i := newIssuer(t, s, book, func(i *Issuer) { i.Solver, i.Settings.Challenge = s.Zone.HTTPSolver(), challenge.HTTP01 })
	o := newOrder(t, resource("http"), "http.test")
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{"http.test"}, IPAddresses: loopback}, newKey(t))
	must.Do(t, err)
	o.CSR = csr
	w := drive(t, i, o, nil)
	if leaf := w.issued(t); len(leaf.IPAddresses) != 1 || !leaf.IPAddresses[0].Equal(loopback[0]) {
		t.Errorf("addresses: %v", leaf.IPAddresses)
	}
	if !strings.Contains(w.details, "(file /.well-known/acme-challenge/") {
		t.Errorf("details:\n%s", w.details)
	}
}

func blocked(t *testing.T, s *pebble.Server, book vault.Accounts) {
	w := drive(t, newIssuer(t, s, book, nil), newOrder(t, resource("blocked"), "www.blocked.test"), nil)
	w.refused(t, vault.RequestRejected, "www.blocked.test")
	if !strings.Contains(w.Failure.Message, "(rejectedIdentifier)") {
		t.Error(w.Failure.Message)
	}
}

func unproved(t *testing.T, s *pebble.Server, book vault.Accounts) {
	w := drive(t, newIssuer(t, s, book, func(i *Issuer) { i.Solver = wrong{i.Solver} }), newOrder(t, resource("wrong"), "wrong.test"), nil)
	w.refused(t, vault.RequestRejected, "The authority could not validate wrong.test: Correct value not found for DNS challenge (unauthorized)")
}

// wrong publishes another value than it was told.
type wrong struct{ challenge.Solver }

func (w wrong) Present(ctx context.Context, r challenge.Record) error {
	r.Value = "x" + r.Value
	return w.Solver.Present(ctx, r)
}

func (w wrong) Cleanup(ctx context.Context, r challenge.Record) error {
	r.Value = "x" + r.Value
	return w.Solver.Cleanup(ctx, r)
}

func unsolved(t *testing.T, s *pebble.Server, book vault.Accounts) {
	none := newIssuer(t, s, book, func(i *Issuer) { i.Solver = nil })
	drive(t, none, newOrder(t, resource("unsolved"), "unsolved.test"), nil).
		refused(t, vault.IssuerFault, "no solver is configured for provider Pebble")
	files := newIssuer(t, s, book, func(i *Issuer) { i.Solver = s.Zone.HTTPSolver() })
	drive(t, files, newOrder(t, resource("unsolved"), "*.unsolved.test"), nil).
		refused(t, vault.IssuerFault, "does not take http-01 as proof for *.unsolved.test")
}

// Records that cannot be removed hold up no certificate, and nobody for ever.
func litter(t *testing.T, s *pebble.Server, book vault.Accounts) {
	i := newIssuer(t, s, book, func(i *Issuer) { i.Solver = sticky{i.Solver} })
	w := drive(t, i, newOrder(t, resource("litter"), "litter.test"), nil)
	w.issued(t)
	if !strings.Contains(w.notes, "the DNS record _acme-challenge.litter.test could not be removed: the name server is closed") {
		t.Errorf("history:\n%s", w.notes)
	}
	i = newIssuer(t, s, book, func(i *Issuer) { i.Solver = sticky{silent{i.Solver}} })
	// names that were never validated: the authority reuses one authorization in a hundred even so
	w = drive(t, i, newOrder(t, resource("litter"), "a.litter.test", "b.litter.test"), nil)
	w.refused(t, vault.RequestRejected, "could not validate")
	if strings.Count(w.notes, "remove it by hand") != 2 {
		t.Errorf("history:\n%s", w.notes)
	}
	if err := s.Zone.Set("_acme-challenge.litter.test.", nil); err != nil { // by hand
		t.Error(err)
	}
}

// A record that cannot be seen yet is waited for, in the solver's words.
func slowZone(t *testing.T, s *pebble.Server, book vault.Accounts) {
	i := newIssuer(t, s, book, func(i *Issuer) { i.Solver = slow{i.Solver} })
	w := drive(t, i, newOrder(t, resource("slow"), "slow.test"), nil)
	w.issued(t)
	if n := strings.Count(w.details, "Waiting for the name server to show it.\n"); n != 3 {
		t.Errorf("%d times in\n%s", n, w.details)
	}
}

// slow shows records after a minute and a half.
type slow struct{ challenge.Solver }

// A record that nobody can publish ends the order.
func unfit(t *testing.T, s *pebble.Server, book vault.Accounts) {
	i := newIssuer(t, s, book, func(i *Issuer) { i.Solver = unable{i.Solver} })
	drive(t, i, newOrder(t, resource("unfit"), "unfit.test"), nil).refused(t, vault.IssuerFault, " is not fit to be published.")
}

type unable struct{ challenge.Solver }

// sticky cannot remove anything.
type sticky struct{ challenge.Solver }
