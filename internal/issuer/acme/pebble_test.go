package acme

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
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
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

const hmacKey = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"

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
	if err != nil {
		t.Fatal(err)
	}
	o := newOrder(t, resource("rsa"), "rsa.test")
	o.CSR, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{"RSA.test", "b.rsa.test", "c.rsa.test"}}, key)
	if err != nil {
		t.Fatal(err)
	}
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

func http01(t *testing.T, s *pebble.Server, book vault.Accounts) {
	i := newIssuer(t, s, book, func(i *Issuer) { i.Solver, i.Settings.Challenge = s.Zone.HTTPSolver(), challenge.HTTP01 })
	o := newOrder(t, resource("http"), "http.test")
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{"http.test"}, IPAddresses: loopback}, newKey(t))
	if err != nil {
		t.Fatal(err)
	}
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
		if err != nil {
			t.Fatal(err)
		}
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

func cancels(t *testing.T, s *pebble.Server, book vault.Accounts) {
	i := newIssuer(t, s, book, nil)
	for name, stop := range map[string]func(state) bool{
		"nothing sent": func(state) bool { return true },
		"placed":       func(s state) bool { return s.Order != "" },
		"read":         func(s state) bool { return len(s.Proofs) > 0 },
		"published":    func(s state) bool { return len(s.Proofs) > 0 && !s.Proofs[0].Presented.IsZero() },
	} {
		t.Run(name, func(t *testing.T) {
			w := drive(t, i, newOrder(t, resource("cancel"), "cancel.test", "b.cancel.test"), stop)
			p, err := another(t, i).Cancel(t.Context(), w.order)
			if err != nil || !p.Cancelled {
				t.Fatalf("%+v, %v", p, err)
			}
			again, err := i.Cancel(t.Context(), w.order) // its answer was lost
			if err != nil || !again.Cancelled {
				t.Fatalf("the second time: %+v, %v", again, err)
			}
			if readState(w.order.State).Order != "" {
				if text := strings.Join(p.Notes, "\n"); strings.Count(text, "was deactivated") != 2 {
					t.Errorf("history:\n%s", text)
				}
				dead := drive(t, i, w.order, func(s state) bool { return s.Restarts > 0 })
				if !strings.Contains(dead.notes, "became invalid") {
					t.Errorf("the order lives on:\n%s", dead.notes)
				}
			}
		})
	}
	t.Run("issued", func(t *testing.T) {
		w := drive(t, i, newOrder(t, resource("cancel"), "late.cancel.test"), func(s state) bool {
			return s.Order != "" && len(s.Proofs) == 0 && !s.Waiting.IsZero() // swept: the request was sent
		})
		if p, err := i.Cancel(t.Context(), w.order); err != nil || p.Cancelled {
			t.Fatalf("%+v, %v; want it to be lost", p, err)
		}
		drive(t, i, w.order, nil).issued(t)
	})
}

func revokes(t *testing.T, s *pebble.Server, book vault.Accounts) {
	i := newIssuer(t, s, book, nil)
	w := drive(t, i, newOrder(t, resource("revoke"), "revoke.test"), nil)
	w.issued(t)
	r := vault.Revocation{Issuer: resource("revoke"), Ref: w.Ref, Chain: w.Chain, Reason: 4, Now: noon}
	r.Issuer.Credentials = &vault.Credentials{AccountID: "new@revoke.test"} // the account stays that of the order
	for range 2 {
		if err := another(t, i).Revoke(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	var refusal *vault.Error
	r.Issuer.Name, r.Ref = "nobody", nil
	if err := i.Revoke(t.Context(), r); !errors.As(err, &refusal) {
		t.Errorf("without an account: %v", err)
	}
	r.Issuer.Name, r.Ref, r.Reason = "revoke", w.Ref, 77
	if err := i.Revoke(t.Context(), r); !errors.As(err, &refusal) {
		t.Errorf("with a reason that is none: %v", err)
	}
	window, err := i.Suggest(t.Context(), w.made())
	if err != nil || window.End.Sub(window.Start) != time.Second {
		t.Errorf("the window of a revoked certificate: %+v, %v", window, err)
	}
}

func renews(t *testing.T, s *pebble.Server, book vault.Accounts) {
	i := newIssuer(t, s, book, nil)
	first := drive(t, i, newOrder(t, resource("renew"), "renew.test"), nil)
	first.issued(t)
	o := newOrder(t, resource("renew"), "renew.test")
	o.Previous = first.Ref
	second := drive(t, i, o, nil)
	second.issued(t)
	if !strings.Contains(second.notes, "renew.test, as a renewal") {
		t.Errorf("history:\n%s", second.notes)
	}
	o = newOrder(t, resource("renew"), "renew.test")
	o.Previous = first.Ref
	third := drive(t, i, o, nil)
	third.issued(t)
	if !strings.Contains(third.notes, "(alreadyReplaced)") {
		t.Errorf("history:\n%s", third.notes)
	}
	o = newOrder(t, resource("renew"), "renew.test")
	o.Previous = reference{Directory: s.Directory, ARI: "AAAA.AAAA"}.bytes()
	drive(t, i, o, nil).issued(t)
	o.Previous = second.Ref
	off := drive(t, newIssuer(t, s, book, func(i *Issuer) { i.Settings.ARI = Off }), o, nil)
	if off.issued(t); strings.Contains(off.notes, "renewal") {
		t.Errorf("history:\n%s", off.notes)
	}
}

func windows(t *testing.T, s *pebble.Server, book vault.Accounts) {
	i := newIssuer(t, s, book, nil)
	w := drive(t, i, newOrder(t, resource("window"), "window.test"), nil)
	leaf := w.issued(t)
	window, err := i.Suggest(t.Context(), w.made())
	if err != nil || window.Start.Before(leaf.NotBefore) || window.End.After(leaf.NotAfter) || window.Again != 6*time.Hour {
		t.Errorf("%+v, %v", window, err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.Chain[0]}))
	for _, bad := range []string{`{`, `{}`, `{"suggestedWindow":{"start":"2026-01-02T00:00:00Z","end":"2026-01-02T00:00:00Z"}}`} {
		s.Advise(t, text, bad)
		sixHours(t, i, w.made())
	}
	s.Advise(t, text, `{"suggestedWindow":{"start":"2026-01-02T00:00:00Z","end":"2026-01-03T00:00:00Z"},"explanationURL":"https://x.test/why"}`)
	window, err = i.Suggest(t.Context(), w.made())
	if want := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC); err != nil || !window.Start.Equal(want) || !window.End.Equal(want.AddDate(0, 0, 1)) {
		t.Errorf("%+v, %v", window, err)
	}
	for _, v := range []verdict{broken, gone} {
		m := meddle(t, s, func(_ int, c call) verdict {
			if c.path == "/dir" && v == gone {
				return honest
			}
			return v
		})
		made := w.made()
		made.Ref = nil // nothing is known of its order
		sixHours(t, newIssuer(t, s, book, m.between), made)
	}
	elsewhere := newIssuer(t, s, book, func(i *Issuer) { i.Settings.Directory = "https://elsewhere.test/dir" })
	none := newIssuer(t, s, book, func(i *Issuer) { i.Settings.ARI = Off })
	for what, i := range map[string]*Issuer{"off": none, "another directory": elsewhere} {
		if got, err := i.Suggest(t.Context(), w.made()); !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
}

// sixHours wants an answer of no use, to be asked for again in six hours.
func sixHours(t *testing.T, i *Issuer, made vault.Issued) {
	t.Helper()
	var retry *vault.RetryError
	if got, err := i.Suggest(t.Context(), made); !errors.As(err, &retry) || retry.After != 6*time.Hour {
		t.Errorf("%+v, %v; want to be asked again in six hours", got, err)
	}
}

// The authority loses everything in the middle of an order: account and order
// are made anew, once.
func lostMemory(t *testing.T, _ *pebble.Server, book vault.Accounts) {
	s := pebble.Start(t, pebble.Options{})
	i := newIssuer(t, s, book, nil)
	w := drive(t, i, newOrder(t, resource("memory"), "memory.test"), func(s state) bool {
		return len(s.Proofs) > 0 && !s.Proofs[0].Presented.IsZero()
	})
	s.Restart(t)
	w = drive(t, i, w.order, func(s state) bool { return s.Restarts == 1 && s.Order != "" })
	kept := w.order
	w = drive(t, i, kept, nil)
	w.issued(t)
	clean(t, s)
	s.Restart(t)
	drive(t, i, kept, nil).refused(t, vault.IssuerFault, "does not accept the issuer's account")
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

func (slow) Ready(_ context.Context, _ challenge.Record, presented, now time.Time) (bool, time.Duration, error) {
	return now.Sub(presented) >= 90*time.Second, 30 * time.Second, nil
}

func (slow) WaitsFor(context.Context, challenge.Record) string { return "the name server to show it." }

// A record that nobody can publish ends the order.
func unfit(t *testing.T, s *pebble.Server, book vault.Accounts) {
	i := newIssuer(t, s, book, func(i *Issuer) { i.Solver = unable{i.Solver} })
	drive(t, i, newOrder(t, resource("unfit"), "unfit.test"), nil).refused(t, vault.IssuerFault, " is not fit to be published.")
}

type unable struct{ challenge.Solver }

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

// sticky cannot remove anything.
type sticky struct{ challenge.Solver }

func (sticky) Cleanup(context.Context, challenge.Record) error {
	return errors.New("the name server is closed")
}

// TestBinding plays an authority that takes bound accounts only.
func TestBinding(t *testing.T) {
	t.Parallel()
	s := pebble.Start(t, pebble.Options{EAB: map[string]string{"kid-1": hmacKey}})
	book := sqltest.Accounts(t)
	i := newIssuer(t, s, book, nil)
	try := func(c vault.IssuerConfig, password string) told {
		o := newOrder(t, c, "eab.test")
		o.Password = vault.Hidden(password)
		return drive(t, i, o, nil)
	}
	try(resource("eab"), "").refused(t, vault.IssuerFault, "(externalAccountRequired)")
	try(bound("eab", "kid-2"), hmacKey).refused(t, vault.IssuerFault, "(unauthorized)")
	try(bound("eab", "kid-1"), "AAAA"+hmacKey[4:]).refused(t, vault.IssuerFault, "(unauthorized)")
	try(bound("eab", "kid-1"), "not base64!").refused(t, vault.IssuerFault, "not an HMAC key")
	for _, form := range []string{hmacKey, hmacKey + "==", " " + hmacKey + "\n"} {
		try(bound("eab", "kid-1"), form).issued(t)
	}
	l, _, err := i.read(t.Context(), resource("EAB"))
	if err != nil || len(l.Accounts) != 7 {
		t.Errorf("%d accounts, %v; want one for each of the credentials", len(l.Accounts), err)
	}
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
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range i.Names(x) {
			x.SANs = certs.WithDNS(x.SANs, name)
		}
		key, err := (&keys.Pool{}).Key(vault.KeyProps{Type: vault.EC, Curve: vault.P256, Size: 256})
		if err != nil {
			t.Fatal(err)
		}
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

// An account that was deactivated orders nothing any more, until an operator has
// a new one made. Running orders go on with it, and what the old one ordered can
// be revoked.
func deactivated(t *testing.T, s *pebble.Server, book vault.Accounts) {
	i, c := newIssuer(t, s, book, nil), resource("closed")
	old := drive(t, i, newOrder(t, c, "closed.test"), nil)
	old.issued(t)
	running := drive(t, i, newOrder(t, c, "running.closed.test"), func(s state) bool { return s.Order != "" })
	l, _, err := i.read(t.Context(), c)
	if err != nil || len(l.Accounts) != 1 {
		t.Fatalf("%d accounts, %v", len(l.Accounts), err)
	}
	account, err := l.Accounts[0].account()
	if err != nil {
		t.Fatal(err)
	}
	d, err := i.directory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	account.Status = "deactivated"
	if _, err := i.session(d, "test").UpdateAccount(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	drive(t, i, newOrder(t, c, "closed.test"), nil).refused(t, vault.IssuerFault, "certwright register --vault default closed makes a new one")
	url, err := another(t, i).Register(t.Context(), c, "")
	if err != nil || url == l.Accounts[0].URL {
		t.Fatalf("account %q, %v", url, err)
	}
	for name, w := range map[string]told{"a new order": drive(t, i, newOrder(t, c, "closed.test"), nil), "the running one": drive(t, i, running.order, nil)} {
		if w.issued(t); readReference(w.Ref).Account != url {
			t.Errorf("%s: account %s, want %s", name, readReference(w.Ref).Account, url)
		}
	}
	made := old.made()
	if err := i.Revoke(t.Context(), vault.Revocation{Issuer: c, Ref: made.Ref, Chain: made.Chain, Now: noon}); err != nil {
		t.Errorf("what the old account ordered: %v", err)
	}
}

// Where the authority refuses a new account, the one there is stays in use.
func TestRegisterRefused(t *testing.T) {
	t.Parallel()
	s := pebble.Start(t, pebble.Options{EAB: map[string]string{"kid-1": hmacKey}})
	now := honest
	m := meddle(t, s, func(_ int, c call) verdict {
		if c.path == "/sign-me-up" {
			return now
		}
		return honest
	})
	i, c := newIssuer(t, s, sqltest.Accounts(t), m.between), bound("bound", "kid-1")
	o := newOrder(t, c, "bound.test")
	o.Password = hmacKey
	first := drive(t, i, o, nil)
	first.issued(t)
	var refusal *vault.Error
	if _, err := i.Register(t.Context(), c, "AAAA"); !errors.As(err, &refusal) || !strings.Contains(refusal.Message, "refused the new account") {
		t.Fatalf("a wrong key: %v", err)
	}
	now = limitless
	if _, err := i.Register(t.Context(), c, hmacKey); err == nil || !strings.Contains(err.Error(), "too many") {
		t.Fatalf("an authority that lets nobody in: %v", err)
	}
	next := drive(t, i, o, nil)
	next.issued(t)
	if a, b := readReference(first.Ref).Account, readReference(next.Ref).Account; a != b {
		t.Errorf("account %s, then %s", a, b)
	}
}
