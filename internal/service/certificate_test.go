package service_test

import (
	"bytes"
	"testing"

	"certwright/internal/certs"
	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

func TestDeleteRecoverPurge(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.Create(t, Web, Policy("Self"))
	id := h.Latest(t, Web).Version.ID
	gone, err := h.Delete(t.Context(), Nobody, Web)
	Must(t, err)
	if gone.Deletion == nil || gone.Version.ID != id || gone.Policy == nil {
		t.Errorf("%+v", gone)
	}
	for _, k := range []vault.Kind{vault.Keys, vault.Secrets} {
		_, err = h.Get(t.Context(), Nobody, Web.As(k), "")
		Refused(t, err, vault.NotFound, k.Title()+"NotFound")
	}
	_, err = h.Certificates.Create(t.Context(), Nobody, Web, service.CreateInput{Policy: Policy("Self")})
	Refused(t, err, vault.Conflict, "Conflict")
	_, err = h.GetDeleted(t.Context(), Nobody, Web.As(vault.Secrets))
	Must(t, err)
	_, err = h.Recover(t.Context(), Nobody, Web)
	Must(t, err)
	_, err = h.Recover(t.Context(), Nobody, Web)
	Refused(t, err, vault.Invalid, "MethodNotAllowed")
	if h.Latest(t, Web).Version.ID != id {
		t.Error("recovered another version")
	}
	Refused(t, h.Purge(t.Context(), Nobody, Web), vault.NotFound, "CertificateNotFound")
	_, err = h.Delete(t.Context(), Nobody, Web)
	Must(t, err)
	Must(t, h.Purge(t.Context(), Nobody, Web))
	_, err = h.GetDeleted(t.Context(), Nobody, Web)
	Refused(t, err, vault.NotFound, "CertificateNotFound")
	h.Create(t, Web, Policy("Self"))
}

func TestBackupKeepsEverything(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.Create(t, Web, Policy("Self"))
	h.Latest(t, Web)
	h.Create(t, Web, nil)
	want := h.Latest(t, Web)
	secret := h.Secret(t, Web.As(vault.Secrets))
	blob, err := h.Backup(t.Context(), Nobody, Web)
	Must(t, err)
	if bytes.Contains(blob, []byte("PRIVATE KEY")) {
		t.Fatal("a key lies open in the backup")
	}
	_, err = h.Restore(t.Context(), Nobody, Web.Vault, vault.Certificates, blob)
	Refused(t, err, vault.Conflict, "Conflict")
	for _, bad := range [][]byte{nil, []byte("x"), blob[:len(blob)-1], append([]byte("&"), blob...)} {
		_, err = h.Restore(t.Context(), Nobody, "elsewhere", vault.Certificates, bad)
		Refused(t, err, vault.Invalid, "Malformed backup blob")
	}
	got, err := h.Restore(t.Context(), Nobody, "elsewhere", vault.Certificates, blob)
	Must(t, err)
	if got.Pending || got.Version.ID != want.Version.ID {
		t.Errorf("%+v", got)
	}
	if diff := cmp.Diff(want.Policy, got.Policy); diff != "" {
		t.Error(diff)
	}
	there := vault.Ref{Vault: "elsewhere", Kind: vault.Secrets, Name: "web"}
	again, err := h.Secrets.Get(t.Context(), Nobody, there, "", "")
	Must(t, err)
	if again.Value != secret.Value {
		t.Error("the secret changed")
	}
	versions, err := h.ListVersions(t.Context(), Nobody, there.As(vault.Certificates), service.ListInput{Limit: 25})
	Must(t, err)
	if len(versions.Items) != 2 {
		t.Errorf("%d versions", len(versions.Items))
	}
}

func TestKeyStaysInsideWhenNotExportable(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	p := Policy("Self")
	p.Key.Exportable = new(false)
	h.Create(t, Web, p)
	h.Latest(t, Web)
	secret := h.Secret(t, Web.As(vault.Secrets))
	if _, err := certs.ReadPEM(t.Context(), []byte(secret.Value), ""); err == nil {
		t.Error("the secret holds the private key")
	}
}

func TestDisabledCertificateKeepsItsSecret(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.Create(t, Web, Policy("Self"))
	h.Latest(t, Web)
	_, err := h.Certificates.Update(t.Context(), Nobody, Web, "", service.UpdateInput{Enabled: new(false), Tags: map[string]string{"a": "b"}})
	Must(t, err)
	_, err = h.Secrets.Get(t.Context(), Nobody, Web.As(vault.Secrets), "", "")
	Refused(t, err, vault.Denied, "Forbidden")
	k := h.Latest(t, Web.As(vault.Keys))
	if k.Version.Attributes.Enabled || k.Version.Tags["a"] != "b" {
		t.Errorf("%+v", k.Version)
	}
}

func TestEpochMovesWithEveryWrite(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	before := h.Epoch(t.Context(), Web)
	h.Create(t, Web, Policy("Self"))
	created := h.Epoch(t.Context(), Web)
	h.Latest(t, Web)
	if issued := h.Epoch(t.Context(), Web.As(vault.Keys)); before == created || created == issued {
		t.Errorf("epochs %d %d %d", before, created, issued)
	}
}
