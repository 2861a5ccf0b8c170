package service_test

import (
	"testing"
	"time"

	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// TestUpdatedIsNeverBeforeCreated: two versions made within a second are dated
// apart, the second one ahead of the clock; what is done to it at once is not
// dated back.
func TestUpdatedIsNeverBeforeCreated(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	ctx := t.Context()
	key := vault.Ref{Vault: "default", Kind: vault.Keys, Name: "Key"}
	check := func(what string, v vault.Version) {
		t.Helper()
		if a := v.Attributes; !a.Created.Equal(Noon.Add(time.Second)) || a.Updated.Before(a.Created) {
			t.Errorf("%s: created %v, updated %v", what, a.Created, a.Updated)
		}
	}
	off := service.AttributesInput{Enabled: new(false)}
	for range 2 {
		h.SetSecret(t, word, service.SecretInput{Value: "one"})
		_, err := h.Keys.Create(ctx, Nobody, key, service.KeyInput{Type: vault.EC})
		Must(t, err)
		h.Create(t, Web, Policy(vault.SelfIssuer))
		h.Latest(t, Web)
	}
	secret, err := h.Secrets.Update(ctx, Nobody, word, "", service.SecretUpdate{Attributes: off})
	Must(t, err)
	check("secret", secret.Version)
	k, err := h.Keys.Update(ctx, Nobody, key, "", service.KeyUpdate{Attributes: off})
	Must(t, err)
	check("key", k.Version)
	c, err := h.Certificates.Update(ctx, Nobody, Web, "", service.UpdateInput{Enabled: new(false)})
	Must(t, err)
	check("certificate", c.Version)

	secret, err = h.Delete(ctx, Nobody, word)
	Must(t, err)
	check("deleted secret", secret.Version)
	k, err = h.Delete(ctx, Nobody, key)
	Must(t, err)
	check("deleted key", k.Version)
	_, err = h.Delete(ctx, Nobody, Web)
	Must(t, err)
	c, err = h.GetDeleted(ctx, Nobody, Web)
	Must(t, err)
	check("deleted certificate", c.Version)
	k, err = h.GetDeleted(ctx, Nobody, Web.As(vault.Keys))
	Must(t, err)
	check("key of the deleted certificate", k.Version)
	h.Pass(t, time.Hour) // a change long after is dated as it happens
	Must(t, func() error { _, err := h.Recover(ctx, Nobody, Web); return err }())
	c, err = h.Certificates.Update(ctx, Nobody, Web, "", service.UpdateInput{Enabled: new(true)})
	Must(t, err)
	if got := c.Version.Attributes.Updated; !got.Equal(Noon.Add(time.Hour)) {
		t.Errorf("an hour later: updated %v", got)
	}
}
