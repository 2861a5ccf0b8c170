package storetest

import (
	"errors"
	"testing"
	"time"

	"certwright/internal/vault"
)

// accounts: PutAccount compares Rev.
func accounts(t *testing.T, s vault.Store) {
	putAccount := func(a vault.Account) func(vault.Tx) error {
		return func(tx vault.Tx) error { return tx.PutAccount(a) }
	}
	read := func(id string) vault.Account {
		t.Helper()
		return get(t, s, func(r vault.Reader) (vault.Account, error) { return r.Account(id) })
	}
	a := vault.Account{ID: "acme/x", Body: vault.Sealed{0, 1, 255}}
	refused(t, s, vault.ErrStale, putAccount(vault.Account{ID: a.ID, Rev: 1}))
	update(t, s, putAccount(a))
	refused(t, s, vault.ErrStale, putAccount(a))
	a.Rev = 1
	same(t, "account", read(a.ID), a)
	a.Body = vault.Sealed{}
	update(t, s, putAccount(a))
	refused(t, s, vault.ErrStale, putAccount(a))
	a.Rev = 2
	same(t, "account with an empty body", read(a.ID), a)
	a.Body = nil
	update(t, s, putAccount(a))
	a.Rev = 3
	same(t, "account without a body", read(a.ID), a)
	update(t, s, putAccount(vault.Account{ID: "ACME/X"}))
	same(t, "an account's id is taken to the letter", read(a.ID), a)
}

// settings: put and replaced.
func settings(t *testing.T, s vault.Store) {
	for _, value := range []string{"1h", "", "2h ä\n"} {
		update(t, s, func(tx vault.Tx) error {
			return errors.Join(tx.PutSetting("clock", value), tx.PutSetting("other", "x"))
		})
		if got := get(t, s, func(r vault.Reader) (string, error) { return r.Setting("clock") }); got != value {
			t.Errorf("setting %q, want %q", got, value)
		}
	}
}

// reset: every row but settings and accounts is gone; a sequence number is not
// given again.
func reset(t *testing.T, s vault.Store) {
	full := fullObject(ref("a"))
	full.Lease = vault.Hold{}
	fill := func() {
		t.Helper()
		put(t, s, full, certificate(ref("a"), 1), certificate(ref("a"), 2))
		put(t, s, vault.Object{Ref: vault.Ref{Vault: "-", Kind: vault.Sinks, Name: hook}, Jobs: map[vault.JobKind]time.Time{vault.JobDeliver: instant}})
		update(t, s, func(tx vault.Tx) error {
			return errors.Join(tx.PutIssuer(fullIssuer("web", "i")), tx.PutContacts("web", nil), tx.Append(message(1)))
		})
	}
	fill()
	update(t, s, func(tx vault.Tx) error {
		return errors.Join(tx.PutAccount(vault.Account{ID: "x"}), tx.PutSetting("k", "v"))
	})
	before := box(t, s, vault.Queued, 0, 9)
	_, leases := claimed(t, s, instant, second, 1)
	if err := s.Reset(t.Context()); err != nil {
		t.Fatalf("Reset: %v", err)
	}
	same(t, "setting", setting(t, s, "k"), "v")
	get(t, s, func(r vault.Reader) (vault.Account, error) { return r.Account("x") })
	for _, kind := range []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets} {
		noObject(t, s, ref("a").As(kind))
		noVersion(t, s, ref("a").As(kind), id(1))
		same(t, "versions", len(versions(t, s, ref("a").As(kind))), 0)
	}
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.IssuerConfig, error) { return r.Issuer("web", "i") })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) ([]vault.Contact, error) { return r.Contacts("web") })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (time.Time, error) { return r.NextDue(instant.AddDate(9, 0, 0)) })
	same(t, "all objects", len(get(t, s, func(r vault.Reader) ([]vault.Object, error) { return r.AllObjects(vault.Ref{}, 9) })), 0)
	same(t, "outbox", box(t, s, vault.Queued, 0, 9), []vault.Message{})
	if _, err := s.Extend(t.Context(), leases[0], instant); !errors.Is(err, vault.ErrStale) {
		t.Errorf("Extend after a reset: %v", err)
	}
	fill()
	if after := box(t, s, vault.Queued, 0, 9); len(after) != 1 || after[0].Seq <= before[0].Seq {
		t.Errorf("messages after a reset: %v, before: %v", after, before)
	}
	same(t, "versions", len(versions(t, s, ref("a"))), 2)
}
