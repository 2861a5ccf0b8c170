package schedule_test

import (
	"encoding/json"
	"testing"
	"time"

	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

var plain = vault.Ref{Vault: "default", Kind: vault.Keys, Name: "Plain"}

// Whoever asked for mail gets one, before the end, and the end is told.
func TestEmailContacts(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.SetContacts(t)
	h.Create(t, Web, Lives("Self", 12, MailBefore(20)))
	h.Pass(t, 344*Day)
	h.WantOutbox(t, map[string]int{"CertificateNewVersionCreated": 1, "CertificateNearExpiry": 1})
	h.Pass(t, 2*Day)
	want := map[string]int{"CertificateNewVersionCreated": 1, "CertificateNearExpiry": 1, "expires": 1}
	h.WantOutbox(t, want)
	h.Pass(t, 100*Day)
	want["CertificateExpired"] = 1
	h.WantOutbox(t, want)
	if h.Made(t, Web) != 1 {
		t.Error("renewed though only mail was asked for")
	}
}

// Keys and secrets tell of their age too, and anew where the date is moved.
func TestAgeOfSecretsAndKeys(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	exp := Noon.Add(60 * Day)
	secret := vault.Ref{Vault: Web.Vault, Kind: vault.Secrets, Name: "word"}
	h.SetSecret(t, secret, service.SecretInput{Value: "x", Attributes: service.AttributesInput{Expires: &exp}})
	_, err := h.Keys.Create(t.Context(), Nobody, secret.As(vault.Keys), service.KeyInput{Type: vault.EC, Attributes: service.AttributesInput{Expires: &exp}})
	Must(t, err)
	h.Pass(t, 31*Day)
	want := map[string]int{"SecretNewVersionCreated": 1, "KeyNewVersionCreated": 1, "SecretNearExpiry": 1, "KeyNearExpiry": 1}
	h.WantOutbox(t, want)
	later := Noon.Add(90 * Day)
	_, err = h.Secrets.Update(t.Context(), Nobody, secret, "", service.SecretUpdate{Attributes: service.AttributesInput{Expires: &later}})
	Must(t, err)
	h.Pass(t, 30*Day)
	want["SecretNearExpiry"], want["KeyExpired"] = 2, 1
	h.WantOutbox(t, want)
	h.Pass(t, 30*Day)
	want["SecretExpired"] = 1
	h.WantOutbox(t, want)
}

// Clients send the expiry along with every edit: what was told of it is not
// told again, nor after an edit of the rotation policy, nor after a recovery.
func TestNearExpiryIsToldOnce(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	exp := Noon.Add(60 * Day)
	in := service.AttributesInput{Expires: &exp}
	secret := vault.Ref{Vault: Web.Vault, Kind: vault.Secrets, Name: "word"}
	h.SetSecret(t, secret, service.SecretInput{Value: "x", Attributes: in})
	h.Key(t, plain, service.KeyInput{Type: vault.EC, Attributes: in})
	h.Pass(t, 31*Day)
	want := map[string]int{"SecretNewVersionCreated": 1, "KeyNewVersionCreated": 1, "SecretNearExpiry": 1, "KeyNearExpiry": 1}
	h.WantOutbox(t, want)
	for _, edit := range []func() error{
		func() error {
			_, err := h.Secrets.Update(t.Context(), Nobody, secret, "", service.SecretUpdate{Attributes: in})
			return err
		},
		func() error {
			_, err := h.Keys.Update(t.Context(), Nobody, plain, "", service.KeyUpdate{Attributes: in})
			return err
		},
		func() error {
			_, err := h.Keys.PutRotationPolicy(t.Context(), Nobody, plain, []vault.RotationAction{{Type: vault.Notify, BeforeExpiry: vault.Period{Days: 40}}}, vault.Period{})
			return err
		},
	} {
		Must(t, edit())
		h.Pass(t, time.Minute)
		h.WantOutbox(t, want)
	}
	_, err := h.Delete(t.Context(), Nobody, plain)
	Must(t, err)
	_, err = h.Recover(t.Context(), Nobody, plain)
	Must(t, err)
	h.Pass(t, time.Minute)
	h.WantOutbox(t, want)
}

// TestNearExpiryIsTold: 30 days before exp by the default policy, once, and
// again when exp moves.
func TestNearExpiryIsTold(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	told := func(want int) []vault.Message {
		t.Helper()
		list := h.Events(t, vault.EventKeyNearExpiry)
		if len(list) != want {
			t.Fatalf("%d notices, want %d", len(list), want)
		}
		return list
	}
	expires := Noon.Add(100 * Day)
	k := h.Key(t, plain, service.KeyInput{Type: vault.EC, Attributes: service.AttributesInput{Expires: &expires}})
	h.Pass(t, 70*Day-time.Second)
	told(0)
	h.Pass(t, time.Second)
	m := told(1)[0]
	var body map[string]any
	Must(t, json.Unmarshal(m.Body, &body))
	want := map[string]any{"VaultName": "default", "ObjectType": "Key", "ObjectName": "Plain", "Version": k.Version.ID, "EXP": float64(expires.Unix())}
	if diff := cmp.Diff(want, body); diff != "" || !m.At.Equal(Noon.Add(70*Day)) || m.Version != k.Version.ID {
		t.Errorf("told at %v: %s", m.At, diff)
	}
	h.Pass(t, Day)
	_, err := h.Keys.Update(t.Context(), Nobody, plain, "", service.KeyUpdate{Tags: map[string]string{"a": "b"}})
	Must(t, err)
	h.Pass(t, Day)
	told(1)
	later := expires.Add(100 * Day)
	_, err = h.Keys.Update(t.Context(), Nobody, plain, "", service.KeyUpdate{Attributes: service.AttributesInput{Expires: &later}})
	Must(t, err)
	h.Pass(t, 97*Day)
	told(1)
	h.Pass(t, 2*Day)
	told(2)
}
