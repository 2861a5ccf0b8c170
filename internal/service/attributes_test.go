package service_test

import (
	"testing"
	"time"

	"certwright/internal/service"
	"certwright/internal/vault"
)

// TestUpdatedIsNeverBeforeCreated: two versions made within a second are dated
// apart, the second one ahead of the clock; what is done to it at once is not
// dated back.
func TestUpdatedIsNeverBeforeCreated(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := t.Context()
	key := vault.Ref{Vault: "default", Kind: vault.Keys, Name: "Key"}
	check := func(what string, v vault.Version) {
		t.Helper()
		if a := v.Attributes; !a.Created.Equal(noon.Add(time.Second)) || a.Updated.Before(a.Created) {
			t.Errorf("%s: created %v, updated %v", what, a.Created, a.Updated)
		}
	}
	off := service.AttributesInput{Enabled: ptr(false)}
	for range 2 {
		h.set(t, word, service.SecretInput{Value: "one"})
		_, err := h.Keys.Create(ctx, nobody, key, service.KeyInput{Type: vault.EC})
		must(t, err)
		h.create(t, web, policyOf(vault.SelfIssuer))
		h.get(t, web)
	}
	secret, err := h.Secrets.Update(ctx, nobody, word, "", service.SecretUpdate{Attributes: off})
	must(t, err)
	check("secret", secret.Version)
	k, err := h.Keys.Update(ctx, nobody, key, "", service.KeyUpdate{Attributes: off})
	must(t, err)
	check("key", k.Version)
	c, err := h.Certificates.Update(ctx, nobody, web, "", service.UpdateInput{Enabled: ptr(false)})
	must(t, err)
	check("certificate", c.Version)

	secret, err = h.Delete(ctx, nobody, word)
	must(t, err)
	check("deleted secret", secret.Version)
	k, err = h.Delete(ctx, nobody, key)
	must(t, err)
	check("deleted key", k.Version)
	_, err = h.Delete(ctx, nobody, web)
	must(t, err)
	c, err = h.GetDeleted(ctx, nobody, web)
	must(t, err)
	check("deleted certificate", c.Version)
	k, err = h.GetDeleted(ctx, nobody, web.As(vault.Keys))
	must(t, err)
	check("key of the deleted certificate", k.Version)
	h.pass(t, time.Hour) // a change long after is dated as it happens
	must(t, func() error { _, err := h.Recover(ctx, nobody, web); return err }())
	c, err = h.Certificates.Update(ctx, nobody, web, "", service.UpdateInput{Enabled: ptr(true)})
	must(t, err)
	if got := c.Version.Attributes.Updated; !got.Equal(noon.Add(time.Hour)) {
		t.Errorf("an hour later: updated %v", got)
	}
}
