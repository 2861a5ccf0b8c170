package acme

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"strings"
	"testing"
	"time"

	"certwright/conformance/pebble"
	"certwright/internal/challenge"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// newIssuer returns an issuer at an authority; change may be nil.
func newIssuer(t *testing.T, s *pebble.Server, book vault.Accounts, change func(*Issuer)) *Issuer {
	t.Helper()
	i := Issuer{Name: "Pebble", Accounts: book, Solver: s.Zone.Solver(),
		Settings: Settings{Directory: s.Directory, CABundle: s.CABundle, Profile: "default"}}
	if change != nil {
		change(&i)
	}
	made, err := New(i)
	must.Do(t, err)
	return made
}

// another is the issuer as another process has it.
func another(t *testing.T, first *Issuer) *Issuer {
	t.Helper()
	made, err := New(Issuer{Name: first.Name, Settings: first.Settings, Accounts: first.Accounts, Solver: first.Solver})
	must.Do(t, err)
	return made
}

func resource(name string) vault.IssuerConfig {
	return vault.IssuerConfig{Vault: "default", Name: name, Provider: "Pebble", Enabled: true}
}

// bound is a resource with credentials.
func bound(name, id string) vault.IssuerConfig {
	c := resource(name)
	c.Credentials = &vault.Credentials{AccountID: id, Password: vault.Sealed("sealed")}
	return c
}

func newKey(t *testing.T) crypto.Signer {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	return k
}

func newOrder(t *testing.T, c vault.IssuerConfig, names ...string) vault.Order {
	t.Helper()
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: names[0]}, DNSNames: names}, newKey(t))
	must.Do(t, err)
	return vault.Order{ID: vault.NewID(), Ref: vault.Ref{Vault: "default", Kind: vault.Certificates, Name: "web"},
		CSR: csr, Issuer: c, Created: noon, Now: noon}
}

// A course walk is what an order went through.
type course struct {
	vault.Progress // the last
	order          vault.Order
	notes, details string
	errors         []error
}

func over(p vault.Progress) bool { return p.Chain != nil || p.Failure != nil || p.Cancelled }

// drive steps an order until stop says so, or to its end, as the engine does.
func drive(t *testing.T, i *Issuer, o vault.Order, stop func(state) bool) course {
	t.Helper()
	w := course{order: o}
	for range 400 {
		if stop != nil && stop(readState(w.order.State)) {
			return w
		}
		p, err := i.Step(t.Context(), w.order)
		if err != nil {
			w.errors = append(w.errors, err)
			w.order.Attempt++
			passTime(&w.order, time.Second)
			continue
		}
		w.Progress = p
		w.notes += strings.Join(p.Notes, "\n") + "\n"
		w.details += p.Detail + "\n"
		if over(p) {
			return w
		}
		w.order.State, w.order.Attempt = p.State, 0
		passTime(&w.order, p.Again)
	}
	t.Fatalf("no end after 400 steps: %+v\n%s\n%v", w.Progress, w.notes, w.errors)
	return w
}

// passTime moves an order's clock; where it is to wait, the real authority gets
// a moment to work.
func passTime(o *vault.Order, d time.Duration) {
	o.Now = o.Now.Add(d)
	if d > soon {
		<-time.After(15 * time.Millisecond)
	}
}

func (w course) issued(t *testing.T) *x509.Certificate {
	t.Helper()
	if len(w.Chain) == 0 {
		t.Fatalf("not issued: %+v\n%s\n%v", w.Progress, w.notes, w.errors)
	}
	leaf, err := x509.ParseCertificate(w.Chain[0])
	must.Do(t, err)
	return leaf
}

// made is what was issued, as the vault keeps it.
func (w course) made() vault.Issued {
	return vault.Issued{Issuer: w.order.Issuer, Ref: w.Ref, Chain: w.Chain, Now: w.order.Now}
}

func (w course) refused(t *testing.T, code, text string) {
	t.Helper()
	if w.Failure == nil || w.Failure.Code != code || !strings.Contains(w.Failure.Message, text) {
		t.Fatalf("failure = %+v, want %s with %q\n%s\n%v", w.Failure, code, text, w.notes, w.errors)
	}
}

func clean(t *testing.T, s *pebble.Server) {
	t.Helper()
	if n, _ := s.Zone.Records(); n != 0 {
		t.Errorf("%d TXT records were left behind", n)
	}
}

// silent is a solver that publishes nothing.
type silent struct{ challenge.Solver }

func (silent) Present(context.Context, challenge.Record) error { return nil }

// rootNames are the common names of the authority's roots.
func rootNames(t *testing.T, s *pebble.Server) []string {
	t.Helper()
	client := newIssuer(t, s, sqltest.Accounts(t), nil).Client.HTTP("roots")
	var names []string
	for _, path := range []string{"/roots/0", "/roots/1"} {
		answer, err := client.Get(s.Manage + path)
		must.Do(t, err)
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		must.Do(t, err)
		for _, der := range decode(text) {
			c, err := x509.ParseCertificate(der)
			must.Do(t, err)
			names = append(names, c.Subject.CommonName)
		}
	}
	return names
}
