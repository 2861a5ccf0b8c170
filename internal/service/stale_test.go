package service_test

import (
	"testing"

	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// Whatever is put is done anew where another transaction came between.
func TestStaleIsDoneAnew(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	ctx := t.Context()
	put := func() error {
		_, err := h.Issuers.Put(ctx, Nobody, Web.Vault, "mydigicert", service.IssuerInput{Provider: new("DigiCert")})
		return err
	}
	Must(t, put())
	h.SetSecret(t, word, service.SecretInput{Value: "one"})
	blob, err := h.Backup(ctx, Nobody, word)
	Must(t, err)
	key := vault.Ref{Vault: word.Vault, Kind: vault.Keys, Name: "key"}
	h.Key(t, key, service.KeyInput{Type: vault.EC})
	remove := func() error { _, err := h.Delete(ctx, Nobody, word); return err }
	for _, c := range []struct {
		name string
		do   func() error
	}{
		{"create", func() error { h.Create(t, Web, Policy("Self")); return nil }},
		{"settle", func() error { h.Operation(t, Web); return nil }},
		{"update", func() error {
			_, err := h.Certificates.Update(ctx, Nobody, Web, "", service.UpdateInput{})
			return err
		}},
		{"issuer", put},
		{"contacts", func() error {
			_, err := h.Contacts.Put(ctx, Nobody, Web.Vault, []vault.Contact{{Email: "ops@example.test"}})
			return err
		}},
		{"sweep", func() error { return h.Sweeper.Start(ctx) }},
		{"clock", func() error { return h.Sweeper.WatchClock(ctx) }},
		{"set", func() error { h.SetSecret(t, word, service.SecretInput{Value: "two"}); return nil }},
		{"rotate", func() error { _, err := h.Keys.Rotate(ctx, Nobody, key); return err }},
		{"delete", remove},
		{"recover", func() error { _, err := h.Recover(ctx, Nobody, word); return err }},
		{"delete again", remove},
		{"restore", func() error {
			_, err := h.Restore(ctx, Nobody, word.Vault, word.Kind, blob)
			return err
		}},
	} {
		if c.name == "restore" { // into the place of what is purged, which puts nothing
			Must(t, h.Purge(ctx, Nobody, word))
		}
		h.StaleOnce()
		if err := c.do(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if b := h.Secret(t, word); b.Value != "one" || h.Made(t, key) != 2 || h.Made(t, Web) != 1 {
		t.Errorf("%q, %d and %d versions", b.Value, h.Made(t, key), h.Made(t, Web))
	}
}
