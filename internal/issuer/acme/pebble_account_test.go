package acme

import (
	"errors"
	"strings"
	"testing"

	"certwright/conformance/pebble"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

const hmacKey = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"

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

// TestBinding plays an authority that takes bound accounts only.
func TestBinding(t *testing.T) {
	t.Parallel()
	s := pebble.Start(t, pebble.Options{EAB: map[string]string{"kid-1": hmacKey}})
	book := sqltest.Accounts(t)
	i := newIssuer(t, s, book, nil)
	try := func(c vault.IssuerConfig, password string) course {
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
	must.Do(t, err)
	d, err := i.directory(t.Context())
	must.Do(t, err)
	account.Status = "deactivated"
	if _, err := i.session(d, "test").UpdateAccount(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	drive(t, i, newOrder(t, c, "closed.test"), nil).refused(t, vault.IssuerFault, "certwright register --vault default closed makes a new one")
	url, err := another(t, i).Register(t.Context(), c, "")
	if err != nil || url == l.Accounts[0].URL {
		t.Fatalf("account %q, %v", url, err)
	}
	for name, w := range map[string]course{"a new order": drive(t, i, newOrder(t, c, "closed.test"), nil), "the running one": drive(t, i, running.order, nil)} {
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
