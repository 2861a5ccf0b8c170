package acme

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"certwright/conformance/pebble"
	"certwright/internal/certs"
	"certwright/internal/challenge"
	"certwright/internal/issuer/issuertest"
	"certwright/internal/keys"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// TestPebble plays everything at a real authority.
func TestPebble(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	s := pebble.Start(t, pebble.Options{Blocked: []string{"blocked.test"}, AlternateRoots: 1,
		Profiles: map[string]time.Duration{"default": 90 * day, "shortlived": 6 * day}})
	book := sqltest.Accounts(t)
	for name, test := range map[string]func(*testing.T, *pebble.Server, vault.Accounts){
		"contract": contract, "RSA": issuesRSA, "wildcard and base": wildcard, "http-01": http01, "blocked": blocked,
		"no proof": unproved, "no solver": unsolved, "profiles": profiles, "chains": chains, "cancel": cancels, "revoke": revokes,
		"renewal": renews, "window": windows, "no memory": lostMemory, "litter": litter, "slow zone": slowZone, "unfit": unfit, "many names": manyNames,
		"names of the subject": subjectOnly, "deactivated account": deactivated,
	} {
		t.Run(name, func(t *testing.T) { test(t, s, book) })
	}
	clean(t, s)
}

// contract is played with bound accounts: the password is their HMAC key.
func contract(t *testing.T, _ *pebble.Server, book vault.Accounts) {
	s := pebble.Start(t, pebble.Options{EAB: map[string]string{"kid-1": hmacKey}})
	with := func(change func(*Issuer)) func(*testing.T) (vault.Issuer, vault.IssuerConfig) {
		return func(t *testing.T) (vault.Issuer, vault.IssuerConfig) {
			return newIssuer(t, s, book, change), bound("contract", "kid-1")
		}
	}
	issuertest.Run(t, issuertest.Case{
		New:      with(nil),
		Again:    func(t *testing.T, first vault.Issuer) vault.Issuer { return another(t, first.(*Issuer)) },
		Pass:     func(*testing.T, time.Duration) { <-time.After(15 * time.Millisecond) },
		Reject:   with(func(i *Issuer) { i.Solver = silent{i.Solver} }),
		Hold:     with(nil),
		Names:    []string{"www.example.test", "example.test"},
		Password: hmacKey,
		Fault: func(t *testing.T) (vault.Issuer, vault.IssuerConfig) {
			return newIssuer(t, s, book, nil), bound("fault", "kid-2")
		},
		Unreachable: func(t *testing.T) (vault.Issuer, vault.IssuerConfig) {
			m := meddle(t, s, func(n int, _ call) verdict {
				if n < 2 {
					return unanswered
				}
				return honest
			})
			return newIssuer(t, s, book, m.between), bound("unreachable", "kid-1")
		},
	})
	clean(t, s)
}

func issuesRSA(t *testing.T, s *pebble.Server, book vault.Accounts) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must.Do(t, err)
	o := newOrder(t, resource("rsa"), "rsa.test")
	o.CSR, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{"RSA.test", "b.rsa.test", "c.rsa.test"}}, key)
	must.Do(t, err)
	w := drive(t, newIssuer(t, s, book, nil), o, nil)
	if leaf := w.issued(t); !key.PublicKey.Equal(leaf.PublicKey) || len(leaf.DNSNames) != 3 {
		t.Errorf("the leaf is for %v", leaf.DNSNames)
	}
	for _, want := range []string{"order https://", "the authority has validated rsa.test", "certificate https://"} {
		if !strings.Contains(w.notes, want) {
			t.Errorf("the history does not say %q:\n%s", want, w.notes)
		}
	}
	if !strings.Contains(w.details, "rsa.test (DNS record _acme-challenge.rsa.test)") {
		t.Errorf("details:\n%s", w.details)
	}
}

// A base and its wildcard share one record name with two values.
func wildcard(t *testing.T, s *pebble.Server, book vault.Accounts) {
	i := newIssuer(t, s, book, nil)
	w := drive(t, i, newOrder(t, resource("wild"), "wild.test", "*.wild.test"), func(s state) bool {
		return len(s.Proofs) == 2 && !s.Proofs[1].Presented.IsZero()
	})
	proofs := readState(w.order.State).Proofs
	if proofs[0].Record.Name != proofs[1].Record.Name || proofs[0].Record.Value == proofs[1].Record.Value {
		t.Fatalf("proofs: %+v", proofs)
	}
	leaf := drive(t, i, w.order, nil).issued(t)
	slices.Sort(leaf.DNSNames)
	if !slices.Equal(leaf.DNSNames, []string{"*.wild.test", "wild.test"}) {
		t.Errorf("names: %v", leaf.DNSNames)
	}
}

func profiles(t *testing.T, s *pebble.Server, book vault.Accounts) {
	short := newIssuer(t, s, book, func(i *Issuer) { i.Settings.Profile = "shortlived" })
	leaf := drive(t, short, newOrder(t, resource("short"), "short.test"), nil).issued(t)
	if d := leaf.NotAfter.Sub(leaf.NotBefore); d > 7*24*time.Hour {
		t.Errorf("a short-lived certificate lives %v", d)
	}
	other := newIssuer(t, s, book, func(i *Issuer) { i.Settings.Profile = "gold" })
	drive(t, other, newOrder(t, resource("short"), "short.test"), nil).
		refused(t, vault.IssuerFault, `no profile "gold", only: default, shortlived`)
}

func chains(t *testing.T, s *pebble.Server, book vault.Accounts) {
	first := drive(t, newIssuer(t, s, book, nil), newOrder(t, resource("chain"), "chain.test"), nil)
	first.issued(t)
	root := func(chain [][]byte) string {
		last, err := x509.ParseCertificate(chain[len(chain)-1])
		must.Do(t, err)
		return last.Issuer.CommonName
	}
	var other string
	for _, name := range rootNames(t, s) {
		if name != root(first.Chain) {
			other = name
		}
	}
	second := drive(t, newIssuer(t, s, book, func(i *Issuer) { i.Settings.PreferredChain = strings.ToUpper(other) }), newOrder(t, resource("chain"), "chain.test"), nil)
	second.issued(t)
	if got := root(second.Chain); got != other {
		t.Errorf("the chain ends at %q, want %q", got, other)
	}
	third := drive(t, newIssuer(t, s, book, func(i *Issuer) { i.Settings.PreferredChain = "Nobody" }), newOrder(t, resource("chain"), "chain.test"), nil)
	third.issued(t)
	if root(third.Chain) != root(first.Chain) || !strings.Contains(third.notes, `common name "Nobody"`) {
		t.Errorf("without the preferred chain: %q\n%s", root(third.Chain), third.notes)
	}
}

func (slow) Ready(_ context.Context, _ challenge.Record, presented, now time.Time) (bool, time.Duration, error) {
	return now.Sub(presented) >= 90*time.Second, 30 * time.Second, nil
}

func (slow) WaitsFor(context.Context, challenge.Record) string { return "the name server to show it." }

func (unable) Present(context.Context, challenge.Record) error { return challenge.ErrUnfit }

// More names than are looked at in one step.
func manyNames(t *testing.T, s *pebble.Server, book vault.Accounts) {
	var names []string
	for n := range batch + 5 {
		names = append(names, fmt.Sprintf("n%d.many.test", n))
	}
	w := drive(t, newIssuer(t, s, book, nil), newOrder(t, resource("many"), names...), nil)
	if leaf := w.issued(t); len(leaf.DNSNames) != len(names) {
		t.Errorf("%d names", len(leaf.DNSNames))
	}
	if !strings.Contains(w.details, fmt.Sprintf(" and %d more.", len(names)-maxNamed)) {
		t.Errorf("details:\n%s", w.details)
	}
}

func (sticky) Cleanup(context.Context, challenge.Record) error {
	return errors.New("the name server is closed")
}

// TestBadNonces plays an authority that refuses every second nonce and uses
// authorizations again.
func TestBadNonces(t *testing.T) {
	t.Parallel()
	s := pebble.Start(t, pebble.Options{BadNonces: 50, Reuse: 100, RetryAfter: 1})
	i := newIssuer(t, s, sqltest.Accounts(t), nil)
	drive(t, i, newOrder(t, resource("nonce"), "nonce.test"), nil).issued(t)
	_, before := s.Zone.Records()
	w := drive(t, i, newOrder(t, resource("nonce"), "nonce.test"), nil)
	w.issued(t)
	if _, after := s.Zone.Records(); after != before {
		t.Errorf("%d proofs were published for an authorization that was valid", after-before)
	}
	w = drive(t, i, newOrder(t, resource("nonce"), "nonce.test", "new.nonce.test"), nil)
	w.issued(t)
	if !strings.Contains(w.notes, "the authorization of nonce.test is valid already") {
		t.Errorf("history:\n%s", w.notes)
	}
	clean(t, s)
}

// A policy with its DNS name in the common name only, even of a single label, or
// one that no common name may carry, is ordered and certified as it is proved.
func subjectOnly(t *testing.T, s *pebble.Server, book vault.Accounts) {
	i := newIssuer(t, s, book, func(i *Issuer) { i.Solver, i.Settings.Challenge = s.Zone.HTTPSolver(), challenge.HTTP01 })
	long := strings.Repeat("l", 60) + ".subject.test"
	for _, c := range []struct {
		subject string
		sans    *vault.SANs
		want    string
	}{
		{"CN=only.subject.test", nil, "only.subject.test"},
		{"CN=Only.Subject.test", &vault.SANs{DNS: []string{"two.subject.test", "TWO.subject.test"}}, "only.subject.test two.subject.test"},
		{"CN=" + long, &vault.SANs{DNS: []string{long}}, long},
		{"CN=single", nil, "single"},
	} {
		x, err := certs.Fitted(vault.X509Props{Subject: c.subject, SANs: c.sans, ValidityMonths: 12})
		if err == nil {
			x, err = certs.WithSubject(x)
		}
		must.Do(t, err)
		for _, name := range i.Names(x) {
			x.SANs = certs.WithDNS(x.SANs, name)
		}
		key, err := (&keys.Pool{}).Key(vault.KeyProps{Type: vault.EC, Curve: vault.P256, Size: 256})
		must.Do(t, err)
		o := newOrder(t, resource("subject"), "unused.test")
		if o.CSR, err = certs.Request(key, x); err != nil {
			t.Fatal(err)
		}
		leaf := drive(t, i, o, nil).issued(t)
		slices.Sort(leaf.DNSNames)
		if got := strings.ToLower(strings.Join(leaf.DNSNames, " ")); got != c.want {
			t.Errorf("%s: certified for %q, want %q", c.subject, got, c.want)
		}
	}
}
