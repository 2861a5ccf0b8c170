package service_test

import (
	"errors"
	"strings"
	"testing"

	"certwright/internal/policy"
	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// capped is a house whose vault may hold two names of a kind and two versions of each.
func capped(h *House) {
	h.Settings = func(name string) vault.Settings {
		s := vault.DefaultSettings(name)
		s.MaxVersions, s.Quota = 2, vault.Quota{Certificates: 2, Keys: 2, Secrets: 2}
		return s
	}
}

func wantFull(t *testing.T, err error, words string) {
	t.Helper()
	var refusal *vault.Error
	if !errors.As(err, &refusal) || refusal.Reason != vault.Denied || refusal.Inner != "QuotaExceeded" || !strings.Contains(refusal.Message, words) {
		t.Errorf("got %v, want a refusal that says %q", err, words)
	}
}

// A vault holds as many names of a kind as its quota says, deleted ones among
// them; a certificate's key and secret do not count.
func TestQuota(t *testing.T) {
	t.Parallel()
	h, p := Playing(t)
	p.Steps = []Step{h.Issues}
	capped(h)
	ctx := t.Context()
	of := func(k vault.Kind, name string) vault.Ref { return vault.Ref{Vault: Web.Vault, Kind: k, Name: name} }
	set := func(name string) error {
		_, err := h.Secrets.Set(ctx, Nobody, of(vault.Secrets, name), service.SecretInput{Value: "x"})
		return err
	}
	key := func(name string) error {
		_, err := h.Keys.Create(ctx, Nobody, of(vault.Keys, name), service.KeyInput{Type: vault.EC})
		return err
	}
	create := func(name string) error {
		_, err := h.Certificates.Create(ctx, Nobody, of(vault.Certificates, name), service.CreateInput{Policy: Policy("mydigicert")})
		return err
	}
	for what, add := range map[string]func(string) error{"2 secrets": set, "2 keys": key, "2 certificates": create} {
		one, two := "one-"+what[2:], "two-"+what[2:]
		Must(t, add(one))
		Must(t, add(two))
		wantFull(t, add("three-"+what[2:]), "holds "+what)
	}
	_, err := h.Get(ctx, Nobody, of(vault.Secrets, "three-secrets"), "")
	Refused(t, err, vault.NotFound, "SecretNotFound")

	blob, err := h.Backup(ctx, Nobody, of(vault.Secrets, "one-secrets"))
	Must(t, err)
	_, err = h.Delete(ctx, Nobody, of(vault.Secrets, "one-secrets"))
	Must(t, err)
	wantFull(t, set("three-secrets"), "deleted ones that are not purged yet among them")
	_, err = h.Recover(ctx, Nobody, of(vault.Secrets, "one-secrets"))
	Must(t, err) // it was there all the time
	_, err = h.Delete(ctx, Nobody, of(vault.Secrets, "one-secrets"))
	Must(t, err)
	Must(t, h.Purge(ctx, Nobody, of(vault.Secrets, "one-secrets")))
	Must(t, set("three-secrets"))
	_, err = h.Restore(ctx, Nobody, Web.Vault, vault.Secrets, blob)
	wantFull(t, err, "holds 2 secrets")
	if _, err := h.Restore(ctx, Nobody, "another", vault.Secrets, blob); err != nil {
		t.Errorf("another vault: %v", err)
	}
}

// A caller makes as many versions of a name as its vault allows; what the
// schedule promised goes on.
func TestMaxVersions(t *testing.T) {
	t.Parallel()
	h, p := Playing(t)
	p.Steps = []Step{h.Issues}
	ctx := t.Context()
	capped(h)
	h.Create(t, Web, Lives("mydigicert", 12, RenewAt(80)))
	h.Pass(t, Day)
	h.Create(t, Web, nil)
	h.Pass(t, Day)
	_, err := h.Certificates.Create(ctx, Nobody, Web, service.CreateInput{})
	wantFull(t, err, "Certificate Web has 2 versions")
	whole := h.Secret(t, Web.As(vault.Secrets))
	_, err = h.Certificates.Import(ctx, Nobody, Web, service.ImportInput{Value: whole.Value, Policy: &policy.Patch{Secret: &policy.SecretPatch{ContentType: new(vault.PEM)}}})
	wantFull(t, err, "has 2 versions")
	h.Pass(t, 600*Day)
	if n := h.Made(t, Web); n < 4 {
		t.Errorf("%d versions after two renewals", n)
	}

	secret, key := vault.Ref{Vault: Web.Vault, Kind: vault.Secrets, Name: "s"}, vault.Ref{Vault: Web.Vault, Kind: vault.Keys, Name: "k"}
	for n := range 3 {
		_, errSet := h.Secrets.Set(ctx, Nobody, secret, service.SecretInput{Value: "x"})
		_, errKey := h.Keys.Create(ctx, Nobody, key, service.KeyInput{Type: vault.EC})
		if n < 2 {
			Must(t, errors.Join(errSet, errKey))
			continue
		}
		wantFull(t, errSet, "Secret s has 2 versions")
		wantFull(t, errKey, "Key k has 2 versions")
	}
	_, err = h.Keys.Rotate(ctx, Nobody, key)
	wantFull(t, err, "renewed by itself all the same")
	_, err = h.Keys.PutRotationPolicy(ctx, Nobody, key, []vault.RotationAction{{Type: vault.Rotate, AfterCreate: vault.Period{Days: 90}}}, vault.Period{})
	Must(t, err)
	h.Pass(t, 100*Day)
	if n := h.Made(t, key); n != 3 {
		t.Errorf("%d versions of the key after a rotation by policy", n)
	}
}
