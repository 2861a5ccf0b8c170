package service_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"certwright/internal/certs"
	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

var word = vault.Ref{Vault: "default", Kind: vault.Secrets, Name: "Word"}

func read(t *testing.T, h *House, ref vault.Ref, id, form string) service.Bundle {
	t.Helper()
	x, err := h.Secrets.Get(t.Context(), Nobody, ref, id, form)
	Must(t, err)
	return x
}

// TestSecretLives: set, update, delete, recover, back up, purge, restore.
func TestSecretLives(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	ctx := t.Context()
	first := h.SetSecret(t, word, service.SecretInput{Value: "one", ContentType: "text/plain", Tags: map[string]string{"a": "b"}})
	second := h.SetSecret(t, word, service.SecretInput{Value: "two"})
	if got := read(t, h, word, first.Version.ID, ""); got.Value != "one" || got.Version.Secret.ContentType != "text/plain" || got.Version.Tags["a"] != "b" {
		t.Errorf("%+v", got)
	}
	if got := read(t, h, word, "", ""); got.Value != "two" || !got.Version.Attributes.Created.Equal(Noon.Add(time.Second)) {
		t.Errorf("%q of %v", got.Value, got.Version.Attributes.Created)
	}
	_, err := h.Secrets.Update(ctx, Nobody, word, first.Version.ID, service.SecretUpdate{ContentType: new("x"), Tags: map[string]string{},
		Attributes: service.AttributesInput{Expires: new(Noon.Add(-time.Hour))}})
	Must(t, err)
	if got := read(t, h, word, first.Version.ID, ""); got.Value != "one" || got.Version.Secret.ContentType != "x" || len(got.Version.Tags) != 0 {
		t.Errorf("after the update, and outside its dates: %+v", got)
	}
	_, err = h.Secrets.Update(ctx, Nobody, word, first.Version.ID, service.SecretUpdate{Attributes: service.AttributesInput{Enabled: new(false)}})
	Must(t, err)
	_, err = h.Secrets.Get(ctx, Nobody, word, first.Version.ID, "")
	Refused(t, err, vault.Denied, "Forbidden")

	gone, err := h.Delete(ctx, Nobody, word)
	Must(t, err)
	if gone.Version.ID != second.Version.ID || gone.Value != "" || gone.Deletion == nil {
		t.Errorf("%+v", gone)
	}
	_, err = h.Secrets.Get(ctx, Nobody, word, "", "")
	Refused(t, err, vault.NotFound, "SecretNotFound")
	_, err = h.Secrets.Set(ctx, Nobody, word, service.SecretInput{Value: "x"})
	Refused(t, err, vault.Conflict, "Conflict")
	_, err = h.Recover(ctx, Nobody, word)
	Must(t, err)
	want := read(t, h, word, "", "")
	blob, err := h.Backup(ctx, Nobody, word)
	Must(t, err)
	if bytes.Contains(blob, []byte("two")) {
		t.Error("the value lies open in the backup")
	}
	_, err = h.Restore(ctx, Nobody, word.Vault, vault.Secrets, blob)
	Refused(t, err, vault.Conflict, "Conflict")
	_, err = h.Restore(ctx, Nobody, "elsewhere", vault.Keys, blob)
	Refused(t, err, vault.Invalid, "Malformed backup blob")
	_, err = h.Delete(ctx, Nobody, word)
	Must(t, err)
	Must(t, h.Purge(ctx, Nobody, word))
	Refused(t, h.Purge(ctx, Nobody, word), vault.NotFound, "SecretNotFound")
	_, err = h.Restore(ctx, Nobody, word.Vault, vault.Secrets, blob)
	Must(t, err)
	got := read(t, h, word, "", "")
	want.Version.Secret.Value, got.Version.Secret.Value = nil, nil // sealed anew
	if diff := cmp.Diff(want.Version, got.Version); diff != "" || got.Value != "two" {
		t.Errorf("restored %q (-want +got):\n%s", got.Value, diff)
	}
}

func TestSecretSizes(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	for _, tt := range []struct {
		in service.SecretInput
		ok bool
	}{
		{service.SecretInput{}, true},
		{service.SecretInput{Value: strings.Repeat("x", 25*1024)}, true},
		{service.SecretInput{Value: strings.Repeat("x", 25*1024+1)}, false},
		{service.SecretInput{Value: strings.Repeat("é", 25*1024/2+1)}, false},
		{service.SecretInput{ContentType: strings.Repeat("x", 255)}, true},
		{service.SecretInput{ContentType: strings.Repeat("x", 256)}, false},
		{service.SecretInput{Attributes: service.AttributesInput{NotBefore: new(Noon), Expires: new(Noon)}}, false},
	} {
		x, err := h.Secrets.Set(t.Context(), Nobody, word, tt.in)
		if !tt.ok {
			Refused(t, err, vault.Invalid, "BadParameter")
			continue
		}
		Must(t, err)
		if got := read(t, h, word, x.Version.ID, ""); got.Value != tt.in.Value || got.Version.Secret.ContentType != tt.in.ContentType {
			t.Errorf("%d bytes came back as %d", len(tt.in.Value), len(got.Value))
		}
	}
	_, err := h.Secrets.Update(t.Context(), Nobody, word, "", service.SecretUpdate{ContentType: new(strings.Repeat("x", 256))})
	Refused(t, err, vault.Invalid, "BadParameter")
}

// TestPFXComesOutAsPEM, of a certificate's secret and of a plain one, and
// nothing else is converted.
func TestPFXComesOutAsPEM(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	p := Policy("Self")
	p.Secret.ContentType = new(vault.PKCS12)
	h.Create(t, Web, p)
	leaf := h.Latest(t, Web).Version.Certificate.Leaf
	managed := Web.As(vault.Secrets)
	pfx := read(t, h, managed, "", vault.PKCS12).Value
	h.SetSecret(t, word, service.SecretInput{Value: pfx, ContentType: vault.PKCS12})
	der, err := base64.StdEncoding.DecodeString(pfx)
	Must(t, err)
	inside, err := certs.ReadPFX(t.Context(), der, "")
	Must(t, err)
	for _, ref := range []vault.Ref{managed, word} {
		got := read(t, h, ref, "", vault.PEM)
		if got.Version.Secret.ContentType != vault.PEM {
			t.Errorf("%s: content type %s", ref, got.Version.Secret.ContentType)
		}
		b, err := certs.ReadPEM(t.Context(), []byte(got.Value), "")
		Must(t, err)
		if !bytes.Equal(b.Chain[b.Leaf], leaf) || !bytes.Equal(b.Key.PKIX(), inside.Key.PKIX()) {
			t.Errorf("%s: another certificate or key", ref)
		}
		if read(t, h, ref, "", "").Value != pfx {
			t.Errorf("%s: the usual form changed", ref)
		}
		_, err = h.Secrets.Get(t.Context(), Nobody, ref, "", "text/plain")
		Refused(t, err, vault.Invalid, "BadParameter")
	}
	h.SetSecret(t, word, service.SecretInput{Value: "no pfx", ContentType: vault.PKCS12})
	_, err = h.Secrets.Get(t.Context(), Nobody, word, "", vault.PEM)
	Refused(t, err, vault.Invalid, "BadParameter")
	h.SetSecret(t, word, service.SecretInput{Value: "x", ContentType: vault.PEM})
	_, err = h.Secrets.Get(t.Context(), Nobody, word, "", vault.PKCS12)
	Refused(t, err, vault.Invalid, "BadParameter")

	p.Key.Exportable = new(false)
	h.Create(t, Web, p)
	h.Latest(t, Web)
	if got := read(t, h, managed, "", vault.PEM); strings.Contains(got.Value, "PRIVATE KEY") || !strings.Contains(got.Value, "BEGIN CERTIFICATE") {
		t.Errorf("of a key that stays inside: %.40s", got.Value)
	}
}
