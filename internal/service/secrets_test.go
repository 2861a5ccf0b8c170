package service_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"certwright/internal/certs"
	"certwright/internal/service"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

var word = vault.Ref{Vault: "default", Kind: vault.Secrets, Name: "Word"}

func (h *house) set(t *testing.T, ref vault.Ref, in service.SecretInput) service.Bundle {
	t.Helper()
	x, err := h.Secrets.Set(t.Context(), nobody, ref, in)
	must(t, err)
	return x
}

func (h *house) read(t *testing.T, ref vault.Ref, id, form string) service.Bundle {
	t.Helper()
	x, err := h.Secrets.Get(t.Context(), nobody, ref, id, form)
	must(t, err)
	return x
}

// TestSecretLives: set, update, delete, recover, back up, purge, restore.
func TestSecretLives(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := t.Context()
	first := h.set(t, word, service.SecretInput{Value: "one", ContentType: "text/plain", Tags: map[string]string{"a": "b"}})
	second := h.set(t, word, service.SecretInput{Value: "two"})
	if got := h.read(t, word, first.Version.ID, ""); got.Value != "one" || got.Version.Secret.ContentType != "text/plain" || got.Version.Tags["a"] != "b" {
		t.Errorf("%+v", got)
	}
	if got := h.read(t, word, "", ""); got.Value != "two" || !got.Version.Attributes.Created.Equal(noon.Add(time.Second)) {
		t.Errorf("%q of %v", got.Value, got.Version.Attributes.Created)
	}
	_, err := h.Secrets.Update(ctx, nobody, word, first.Version.ID, service.SecretUpdate{ContentType: ptr("x"), Tags: map[string]string{},
		Attributes: service.AttributesInput{Expires: ptr(noon.Add(-time.Hour))}})
	must(t, err)
	if got := h.read(t, word, first.Version.ID, ""); got.Value != "one" || got.Version.Secret.ContentType != "x" || len(got.Version.Tags) != 0 {
		t.Errorf("after the update, and outside its dates: %+v", got)
	}
	_, err = h.Secrets.Update(ctx, nobody, word, first.Version.ID, service.SecretUpdate{Attributes: service.AttributesInput{Enabled: ptr(false)}})
	must(t, err)
	_, err = h.Secrets.Get(ctx, nobody, word, first.Version.ID, "")
	refused(t, err, vault.Denied, "Forbidden")

	gone, err := h.Delete(ctx, nobody, word)
	must(t, err)
	if gone.Version.ID != second.Version.ID || gone.Value != "" || gone.Deletion == nil {
		t.Errorf("%+v", gone)
	}
	_, err = h.Secrets.Get(ctx, nobody, word, "", "")
	refused(t, err, vault.NotFound, "SecretNotFound")
	_, err = h.Secrets.Set(ctx, nobody, word, service.SecretInput{Value: "x"})
	refused(t, err, vault.Conflict, "Conflict")
	_, err = h.Recover(ctx, nobody, word)
	must(t, err)
	want := h.read(t, word, "", "")
	blob, err := h.Backup(ctx, nobody, word)
	must(t, err)
	if bytes.Contains(blob, []byte("two")) {
		t.Error("the value lies open in the backup")
	}
	_, err = h.Restore(ctx, nobody, word.Vault, vault.Secrets, blob)
	refused(t, err, vault.Conflict, "Conflict")
	_, err = h.Restore(ctx, nobody, "elsewhere", vault.Keys, blob)
	refused(t, err, vault.Invalid, "Malformed backup blob")
	_, err = h.Delete(ctx, nobody, word)
	must(t, err)
	must(t, h.Purge(ctx, nobody, word))
	refused(t, h.Purge(ctx, nobody, word), vault.NotFound, "SecretNotFound")
	_, err = h.Restore(ctx, nobody, word.Vault, vault.Secrets, blob)
	must(t, err)
	got := h.read(t, word, "", "")
	want.Version.Secret.Value, got.Version.Secret.Value = nil, nil // sealed anew
	if diff := cmp.Diff(want.Version, got.Version); diff != "" || got.Value != "two" {
		t.Errorf("restored %q (-want +got):\n%s", got.Value, diff)
	}
}

func TestSecretSizes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
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
		{service.SecretInput{Attributes: service.AttributesInput{NotBefore: ptr(noon), Expires: ptr(noon)}}, false},
	} {
		x, err := h.Secrets.Set(t.Context(), nobody, word, tt.in)
		if !tt.ok {
			refused(t, err, vault.Invalid, "BadParameter")
			continue
		}
		must(t, err)
		if got := h.read(t, word, x.Version.ID, ""); got.Value != tt.in.Value || got.Version.Secret.ContentType != tt.in.ContentType {
			t.Errorf("%d bytes came back as %d", len(tt.in.Value), len(got.Value))
		}
	}
	_, err := h.Secrets.Update(t.Context(), nobody, word, "", service.SecretUpdate{ContentType: ptr(strings.Repeat("x", 256))})
	refused(t, err, vault.Invalid, "BadParameter")
}

// TestPFXComesOutAsPEM, of a certificate's secret and of a plain one, and
// nothing else is converted.
func TestPFXComesOutAsPEM(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := policyOf("Self")
	p.Secret.ContentType = ptr(vault.PKCS12)
	h.create(t, web, p)
	leaf := h.get(t, web).Version.Certificate.Leaf
	managed := web.As(vault.Secrets)
	pfx := h.read(t, managed, "", vault.PKCS12).Value
	h.set(t, word, service.SecretInput{Value: pfx, ContentType: vault.PKCS12})
	der, err := base64.StdEncoding.DecodeString(pfx)
	must(t, err)
	inside, err := certs.ReadPFX(t.Context(), der, "")
	must(t, err)
	for _, ref := range []vault.Ref{managed, word} {
		got := h.read(t, ref, "", vault.PEM)
		if got.Version.Secret.ContentType != vault.PEM {
			t.Errorf("%s: content type %s", ref, got.Version.Secret.ContentType)
		}
		b, err := certs.ReadPEM(t.Context(), []byte(got.Value), "")
		must(t, err)
		if !bytes.Equal(b.Chain[b.Leaf], leaf) || !bytes.Equal(b.Key.PKIX(), inside.Key.PKIX()) {
			t.Errorf("%s: another certificate or key", ref)
		}
		if h.read(t, ref, "", "").Value != pfx {
			t.Errorf("%s: the usual form changed", ref)
		}
		_, err = h.Secrets.Get(t.Context(), nobody, ref, "", "text/plain")
		refused(t, err, vault.Invalid, "BadParameter")
	}
	h.set(t, word, service.SecretInput{Value: "no pfx", ContentType: vault.PKCS12})
	_, err = h.Secrets.Get(t.Context(), nobody, word, "", vault.PEM)
	refused(t, err, vault.Invalid, "BadParameter")
	h.set(t, word, service.SecretInput{Value: "x", ContentType: vault.PEM})
	_, err = h.Secrets.Get(t.Context(), nobody, word, "", vault.PKCS12)
	refused(t, err, vault.Invalid, "BadParameter")

	p.Key.Exportable = ptr(false)
	h.create(t, web, p)
	h.get(t, web)
	if got := h.read(t, managed, "", vault.PEM); strings.Contains(got.Value, "PRIVATE KEY") || !strings.Contains(got.Value, "BEGIN CERTIFICATE") {
		t.Errorf("of a key that stays inside: %.40s", got.Value)
	}
}
