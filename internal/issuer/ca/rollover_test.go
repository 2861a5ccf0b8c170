package ca

import (
	"context"
	"crypto/x509"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"certwright/internal/account"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// counting accounts tell how often they were asked.
type counting struct {
	vault.Accounts
	reads, writes int
}

func (c *counting) Read(ctx context.Context, id string) ([]byte, int64, error) {
	c.reads++
	return c.Accounts.Read(ctx, id)
}

func (c *counting) Write(ctx context.Context, id string, plain []byte, rev int64) error {
	c.writes++
	return c.Accounts.Write(ctx, id, plain, rev)
}

// verify holds a chain against the roots that this authority hands out.
func verify(t *testing.T, i *Issuer, p vault.Progress, name string, now time.Time) error {
	t.Helper()
	_, bundle, err := i.File(t.Context(), "internal.pem")
	must.Do(t, err)
	opts := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), DNSName: name, CurrentTime: now}
	opts.Roots.AppendCertsFromPEM(bundle)
	for _, der := range p.Chain[1:] {
		c, err := x509.ParseCertificate(der)
		must.Do(t, err)
		opts.Intermediates.AddCert(c)
	}
	leaf, err := x509.ParseCertificate(p.Chain[0])
	must.Do(t, err)
	_, err = leaf.Verify(opts)
	return err
}

func TestRollover(t *testing.T) {
	t.Parallel()
	i, w := newIssuer(t, Settings{CommonName: "Example CA"})
	if err := i.Rollover(t.Context()); err != nil { // where there is none, it makes the first
		t.Fatal(err)
	}
	first, p := issueFor(t, i, "www.example.org", begin)
	must.Do(t, i.Rollover(t.Context()))
	second, q := issueFor(t, i, "www.example.org", begin)
	if first.Issuer.CommonName != "Example CA" || second.Issuer.CommonName != "Example CA 2" {
		t.Errorf("issued by %s, then by %s", first.Issuer, second.Issuer)
	}
	for _, p := range []vault.Progress{p, q} {
		if err := verify(t, i, p, "www.example.org", begin); err != nil {
			t.Error(err)
		}
	}
	// The old one keeps its list.
	revoke(t, i, p, 0, begin)
	if a, b := len(listOf(t, i, "internal-1.crl").RevokedCertificateEntries), len(listOf(t, i, "internal-2.crl").RevokedCertificateEntries); a != 1 || b != 0 {
		t.Errorf("%d entries on the old list and %d on the new, want 1 and 0", a, b)
	}
	// Another process, after a restart, goes on with the new one.
	again := open(t, Issuer{Name: i.Name, Settings: i.Settings, Accounts: i.Accounts, Clock: w})
	if third, _ := issueFor(t, again, "www.example.org", begin); third.Issuer.CommonName != "Example CA 2" {
		t.Errorf("issued by %s after a restart", third.Issuer)
	}
}

// Forty years of orders: no leaf is ever cut short by its issuing CA, every
// chain holds, and what expired is not kept.
func TestRolloverByItself(t *testing.T) {
	t.Parallel()
	i, w := newIssuer(t, Settings{})
	issuers, roots, most := map[string]bool{}, map[string]bool{}, 0
	o := orderOf(t, "", policyOf("CN=www.example.org", vault.SANs{}), begin)
	for w.Now().Before(begin.AddDate(40, 0, 0)) {
		now := w.Now()
		o.Created, o.Now = now, now
		leaf, p := issue(t, i, o)
		if got := leaf.NotAfter.Sub(leaf.NotBefore) + time.Second; got != 90*24*time.Hour {
			t.Fatalf("a leaf of %v lives %v, want 90 days", now, got)
		}
		if err := verify(t, i, p, "www.example.org", now); err != nil {
			t.Fatalf("at %v: %v", now, err)
		}
		l, err := i.load(t.Context())
		must.Do(t, err)
		issuing, err := x509.ParseCertificate(p.Chain[1])
		must.Do(t, err)
		issuers[leaf.Issuer.CommonName], roots[issuing.Issuer.CommonName], most = true, true, max(most, len(l.all))
		w.pass(80 * 24 * time.Hour)
	}
	// An issuing CA lives five years less the longest leaf, a root fifteen and signs for five more.
	if len(issuers) < 8 || len(issuers) > 10 || len(roots) < 2 || len(roots) > 3 || most > 5 {
		t.Errorf("%d issuing CAs, %d roots, %d kept at most", len(issuers), len(roots), most)
	}
}

// Settings that shape the issuing CA make a new one, and going back finds the old.
func TestSettingsMakeIssuingCAs(t *testing.T) {
	t.Parallel()
	i, w := newIssuer(t, Settings{})
	at := func(s Settings) string {
		t.Helper()
		leaf, p := issueFor(t, open(t, Issuer{Name: i.Name, Settings: s, Accounts: i.Accounts, Clock: w}), "www.example.org", begin)
		if len(p.Notes) == 0 {
			t.Error("no notes")
		}
		return leaf.Issuer.CommonName
	}
	for n, c := range []struct {
		s    Settings
		want string
	}{
		{Settings{}, "Internal Issuing CA"},
		{Settings{PublicURL: "http://pki.example.org"}, "Internal Issuing CA 2"},
		{Settings{CommonName: "Example CA"}, "Example CA 3"},
		{Settings{PermittedDNS: []string{"example.org"}}, "Internal Issuing CA 4"},
		{Settings{}, "Internal Issuing CA"},
		{Settings{Own: Profile{ValidityDays: 300}}, "Internal Issuing CA"},
		{Settings{PublicURL: "http://pki.example.org"}, "Internal Issuing CA 2"},
	} {
		if got := at(c.s); got != c.want {
			t.Errorf("settings %d: issued by %s, want %s", n, got, c.want)
		}
	}
}

// However many processes begin at once, there is one root and one issuing CA.
func TestFirstUseSideBySide(t *testing.T) {
	t.Parallel()
	one, w := newIssuer(t, Settings{})
	two := open(t, Issuer{Name: one.Name, Accounts: one.Accounts, Clock: w})
	o := orderOf(t, "", policyOf("CN=www.example.org", vault.SANs{}), begin)
	var mu sync.Mutex
	issuers := map[string]int{}
	var wait sync.WaitGroup
	for n := range 8 {
		wait.Go(func() {
			p, err := []*Issuer{one, two}[n%2].Step(t.Context(), o)
			if err != nil || len(p.Chain) != 2 {
				t.Errorf("%+v, %v", p, err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			issuers[string(p.Chain[1])]++
		})
	}
	wait.Wait()
	l, err := one.load(t.Context())
	if err != nil || len(issuers) != 1 || len(l.all) != 2 {
		t.Errorf("%d issuing CAs signed, %d authorities are kept, %v; want 1 and 2", len(issuers), len(l.all), err)
	}
}

// A clock that was put back finds or makes an issuing CA that is valid then.
func TestClockPutBack(t *testing.T) {
	t.Parallel()
	i, _ := newIssuer(t, Settings{})
	later := begin.AddDate(30, 0, 0)
	for _, now := range []time.Time{begin, later, begin, later, begin.AddDate(-1, 0, 0)} {
		leaf, p := issueFor(t, i, "www.example.org", now)
		for _, der := range append(p.Chain[1:], leaf.Raw) {
			if c, err := x509.ParseCertificate(der); err != nil || now.Before(c.NotBefore) || now.After(c.NotAfter) {
				t.Errorf("at %v: valid from %v to %v, %v", now, c.NotBefore, c.NotAfter, err)
			}
		}
	}
}

// reads counts how often rows are read.
type reads struct {
	*account.Sole
	n *atomic.Int64
}

func (r reads) Read(ctx context.Context, id string) ([]byte, int64, error) {
	r.n.Add(1)
	return r.Sole.Read(ctx, id)
}

// The authorities are read once and used until somebody writes them; who signs
// after a rollover by anybody in the process is the new one, and what another
// process wrote is seen at once where rows are not said to be unchanged.
func TestAuthoritiesAreReadOnce(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	book := sqltest.Accounts(t)
	kept := reads{&account.Sole{Book: book}, &n}
	ours := open(t, Issuer{Name: "Internal", Accounts: kept, Clock: &watch{at: begin}})
	operator := open(t, Issuer{Name: "Internal", Accounts: kept, Clock: &watch{at: begin}})
	elsewhere := open(t, Issuer{Name: "Internal", Accounts: book, Clock: &watch{at: begin}})
	o := orderOf(t, "", policyOf("CN=www.example.org", vault.SANs{}), begin)
	signer := func(i *Issuer) string {
		t.Helper()
		leaf, _ := issue(t, i, o)
		return leaf.Issuer.CommonName
	}
	first := signer(ours)
	signer(ours) // what the first wrote is read
	before := n.Load()
	if again := signer(ours); again != first || n.Load() != before {
		t.Errorf("signed by %s and %s, with %d more reads", first, again, n.Load()-before)
	}
	if got := signer(elsewhere); got != first {
		t.Errorf("another process signs by %s, not %s", got, first)
	}
	must.Do(t, operator.Rollover(t.Context()))
	second := signer(ours)
	if second == first {
		t.Error("the old authority signs after a rollover")
	}
	if got := signer(elsewhere); got != second {
		t.Errorf("another process signs by %s after a rollover, not %s", got, second)
	}
}
