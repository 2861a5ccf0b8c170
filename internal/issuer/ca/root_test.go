package ca

import (
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/vault"
)

// A crier keeps what was announced.
type crier struct {
	told []vault.NewRoot
	fail error
}

func (c *crier) announce(_ context.Context, root vault.NewRoot) error {
	if c.fail == nil {
		c.told = append(c.told, root)
	}
	return c.fail
}

// signsUnder is the common name of the root of what was issued.
func signsUnder(t *testing.T, p vault.Progress) string {
	t.Helper()
	issuing, err := x509.ParseCertificate(p.Chain[1])
	must.Do(t, err)
	return issuing.Issuer.CommonName
}

// Every root is announced once, and before it signs: the first right before, the
// next ones in good time, while the file of all roots has them already.
func TestNewRootIsAnnounced(t *testing.T) {
	t.Parallel()
	var c crier
	i, w := newIssuer(t, Settings{})
	i.Announce = c.announce
	since := map[string]time.Time{} // by root: when it signed first
	for w.Now().Before(begin.AddDate(40, 0, 0)) {
		now, before := w.Now(), len(c.told)
		_, p := issueFor(t, i, "www.example.org", now)
		root := signsUnder(t, p)
		if _, ok := since[root]; !ok {
			since[root] = now
		}
		if len(c.told) > before {
			_, bundle, err := i.File(t.Context(), c.told[before].Roots)
			if err != nil || strings.Count(string(bundle), "BEGIN CERTIFICATE") < min(before+1, 2) {
				t.Errorf("the file of all roots does not have the new one: %v\n%s", err, bundle)
			}
			if before > 0 && root == c.told[before].CommonName {
				t.Errorf("%s signed as soon as it was announced", root)
			}
		}
		w.pass(80 * 24 * time.Hour)
	}
	if len(c.told) != len(since) || len(c.told) < 3 {
		t.Fatalf("%d roots were announced, %d signed", len(c.told), len(since))
	}
	for n, told := range c.told {
		first, signed := since[told.CommonName]
		if !signed || first.Before(told.From.Add(-time.Second)) || told.Provider != "Internal" || told.First != (n == 0) || len(told.Thumbprint) != 64 {
			t.Errorf("announced %+v, signed since %v", told, first)
		}
		if ahead := first.Sub(told.Made); n > 0 && ahead < leastNotice {
			t.Errorf("%s was announced %v before it signed", told.CommonName, ahead)
		}
	}
}

// A root that could not be announced signs nothing.
func TestUnannouncedRootSignsNothing(t *testing.T) {
	t.Parallel()
	c := crier{fail: errors.New("the disk is full")}
	i, w := newIssuer(t, Settings{})
	i.Announce = c.announce
	o := orderOf(t, "", policyOf("CN=www.example.org", vault.SANs{}), begin)
	for range 2 {
		if p, err := i.Step(t.Context(), o); err == nil || !strings.Contains(err.Error(), "the disk is full") {
			t.Fatalf("%+v, %v", p, err)
		}
	}
	c.fail = nil
	again := open(t, Issuer{Name: i.Name, Accounts: i.Accounts, Clock: w, Announce: c.announce})
	if _, p := issueFor(t, again, "www.example.org", begin); len(c.told) != 1 || c.told[0].CommonName != signsUnder(t, p) {
		t.Errorf("announced %+v, signed under %s", c.told, signsUnder(t, p))
	}
	l, err := again.load(t.Context())
	if err != nil || len(l.all) != 2 {
		t.Errorf("%d authorities, %v; want one root and one issuing CA", len(l.all), err)
	}
}

// A root of before announcements were kept is known already.
func TestOldRootIsNotAnnounced(t *testing.T) {
	t.Parallel()
	i, w := newIssuer(t, Settings{})
	issueFor(t, i, "www.example.org", begin) // with nobody to announce it
	var c crier
	again := open(t, Issuer{Name: i.Name, Accounts: i.Accounts, Clock: w, Announce: c.announce})
	must.Do(t, again.Rollover(t.Context()))
	issueFor(t, again, "www.example.org", begin)
	if len(c.told) > 0 {
		t.Errorf("announced %+v", c.told)
	}
}
