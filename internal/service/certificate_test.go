package service_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"certwright/internal/certs"
	"certwright/internal/policy"
	"certwright/internal/service"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

func TestMerge(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	merge := func(x5c ...string) (service.Bundle, error) {
		return h.Certificates.Merge(t.Context(), nobody, web, service.MergeInput{X5C: x5c})
	}
	_, err := merge("AAAA")
	refused(t, err, vault.NotFound, "PendingCertificateNotFound")
	op := h.create(t, web, policyOf("Unknown"))
	other := h.create(t, vault.Ref{Vault: web.Vault, Kind: vault.Certificates, Name: "other"}, policyOf("Unknown"))
	for _, bad := range [][]string{{}, {"!"}, {"AAAA"}, {h.leafFor(t, other.CSR)}} {
		_, err = merge(bad...)
		refused(t, err, vault.Invalid, "BadParameter")
		if got := h.status(t, web); got.Status != vault.InProgress {
			t.Fatalf("a bad merge ended the operation: %s", got.Status)
		}
	}
	ca := base64.StdEncoding.EncodeToString(h.authority.Certificate)
	c, err := merge(strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(ca), h.leafFor(t, op.CSR)) // either alphabet
	must(t, err)
	if len(c.Version.Certificate.Chain) != 2 || !bytes.Equal(c.Version.Certificate.Chain[0], c.Version.Certificate.Leaf) {
		t.Error("the chain does not begin with the leaf")
	}
	if done := h.status(t, web); done.Status != vault.Completed || done.Target != c.Version.ID {
		t.Errorf("%+v", done)
	}
	_, err = merge(h.leafFor(t, op.CSR))
	refused(t, err, vault.Denied, "Forbidden")
}

// acmebot and keyvault-ca send PKCS#12 files without key and password.
func TestMergeOfPKCS12(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	op := h.create(t, web, policyOf("Unknown"))
	leaf, err := base64.StdEncoding.DecodeString(h.leafFor(t, op.CSR))
	must(t, err)
	pfx, err := certs.WritePFX(nil, [][]byte{h.authority.Certificate, leaf})
	must(t, err)
	c, err := h.Certificates.Merge(t.Context(), nobody, web, service.MergeInput{X5C: []string{base64.StdEncoding.EncodeToString(pfx)}})
	must(t, err)
	if diff := cmp.Diff([][]byte{leaf, h.authority.Certificate}, c.Version.Certificate.Chain); diff != "" {
		t.Error(diff)
	}
}

func TestMergeAfterFailure(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.issuer(t, "outcome=reject")
	op := h.create(t, web, policyOf("mydigicert"))
	if got := h.status(t, web); got.Status != vault.Failed {
		t.Fatal(got.Status)
	}
	_, err := h.Certificates.Merge(t.Context(), nobody, web, service.MergeInput{X5C: []string{h.leafFor(t, op.CSR)}})
	must(t, err)
	h.issuer(t, "hold")
	op = h.create(t, web, policyOf("mydigicert"))
	_, err = h.Certificates.Merge(t.Context(), nobody, web, service.MergeInput{X5C: []string{h.leafFor(t, op.CSR)}})
	refused(t, err, vault.Denied, "Forbidden")
}

func TestCreateRefusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	create := func(name string, p *policy.Patch) error {
		_, err := h.Certificates.Create(t.Context(), nobody, vault.Ref{Vault: "default", Kind: vault.Certificates, Name: name}, service.CreateInput{Policy: p})
		return err
	}
	refused(t, create("bad_name", policyOf("Self")), vault.Invalid, "BadParameter")
	refused(t, create("a", nil), vault.Invalid, "BadParameter")
	refused(t, create("a", policyOf("nobody")), vault.Invalid, "BadParameter")
	subject := policyOf("Self")
	subject.X509.Subject = ptr("no name at all")
	refused(t, create("a", subject), vault.Invalid, "BadParameter")
	h.issuer(t, "")
	_, err := h.Issuers.Update(t.Context(), nobody, "default", "mydigicert", service.IssuerInput{Enabled: ptr(false)})
	must(t, err)
	refused(t, create("a", policyOf("mydigicert")), vault.Invalid, "BadParameter")
	if _, err := h.Get(t.Context(), nobody, vault.Ref{Vault: "default", Kind: vault.Certificates, Name: "a"}, ""); err == nil {
		t.Error("a refused create left a certificate")
	}
}

func TestDeleteRecoverPurge(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.create(t, web, policyOf("Self"))
	id := h.get(t, web).Version.ID
	gone, err := h.Delete(t.Context(), nobody, web)
	must(t, err)
	if gone.Deletion == nil || gone.Version.ID != id || gone.Policy == nil {
		t.Errorf("%+v", gone)
	}
	for _, k := range []vault.Kind{vault.Keys, vault.Secrets} {
		_, err = h.Get(t.Context(), nobody, web.As(k), "")
		refused(t, err, vault.NotFound, k.Title()+"NotFound")
	}
	_, err = h.Certificates.Create(t.Context(), nobody, web, service.CreateInput{Policy: policyOf("Self")})
	refused(t, err, vault.Conflict, "Conflict")
	_, err = h.GetDeleted(t.Context(), nobody, web.As(vault.Secrets))
	must(t, err)
	_, err = h.Recover(t.Context(), nobody, web)
	must(t, err)
	_, err = h.Recover(t.Context(), nobody, web)
	refused(t, err, vault.Invalid, "MethodNotAllowed")
	if h.get(t, web).Version.ID != id {
		t.Error("recovered another version")
	}
	refused(t, h.Purge(t.Context(), nobody, web), vault.NotFound, "CertificateNotFound")
	_, err = h.Delete(t.Context(), nobody, web)
	must(t, err)
	must(t, h.Purge(t.Context(), nobody, web))
	_, err = h.GetDeleted(t.Context(), nobody, web)
	refused(t, err, vault.NotFound, "CertificateNotFound")
	h.create(t, web, policyOf("Self"))
}

func TestBackupKeepsEverything(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.create(t, web, policyOf("Self"))
	h.get(t, web)
	h.create(t, web, nil)
	want := h.get(t, web)
	secret, err := h.Secrets.Get(t.Context(), nobody, web.As(vault.Secrets), "", "")
	must(t, err)
	blob, err := h.Backup(t.Context(), nobody, web)
	must(t, err)
	if bytes.Contains(blob, []byte("PRIVATE KEY")) {
		t.Fatal("a key lies open in the backup")
	}
	_, err = h.Restore(t.Context(), nobody, web.Vault, vault.Certificates, blob)
	refused(t, err, vault.Conflict, "Conflict")
	for _, bad := range [][]byte{nil, []byte("x"), blob[:len(blob)-1], append([]byte("&"), blob...)} {
		_, err = h.Restore(t.Context(), nobody, "elsewhere", vault.Certificates, bad)
		refused(t, err, vault.Invalid, "Malformed backup blob")
	}
	got, err := h.Restore(t.Context(), nobody, "elsewhere", vault.Certificates, blob)
	must(t, err)
	if got.Pending || got.Version.ID != want.Version.ID {
		t.Errorf("%+v", got)
	}
	if diff := cmp.Diff(want.Policy, got.Policy); diff != "" {
		t.Error(diff)
	}
	there := vault.Ref{Vault: "elsewhere", Kind: vault.Secrets, Name: "web"}
	again, err := h.Secrets.Get(t.Context(), nobody, there, "", "")
	must(t, err)
	if again.Value != secret.Value {
		t.Error("the secret changed")
	}
	versions, err := h.ListVersions(t.Context(), nobody, there.As(vault.Certificates), service.ListInput{Limit: 25})
	must(t, err)
	if len(versions.Items) != 2 {
		t.Errorf("%d versions", len(versions.Items))
	}
}

func TestImportWhatWeExport(t *testing.T) {
	t.Parallel()
	for _, contentType := range []string{vault.PEM, vault.PKCS12} {
		h := newHouse(t)
		p := policyOf("Self")
		p.Secret.ContentType = &contentType
		h.create(t, web, p)
		want := h.get(t, web)
		secret, err := h.Secrets.Get(t.Context(), nobody, web.As(vault.Secrets), "", "")
		must(t, err)
		got, err := h.Certificates.Import(t.Context(), nobody, vault.Ref{Vault: "default", Kind: vault.Certificates, Name: "copy"},
			service.ImportInput{Value: secret.Value, Policy: &policy.Patch{Secret: &policy.SecretPatch{ContentType: &contentType}}})
		must(t, err)
		if !bytes.Equal(got.Version.Certificate.Leaf, want.Version.Certificate.Leaf) || got.Pending {
			t.Errorf("%s: another certificate", contentType)
		}
		if got.Policy.Issuer.Name != vault.UnknownIssuer || got.Policy.Key != want.Policy.Key || got.Policy.X509.Subject != "CN=web.example.test" {
			t.Errorf("%s: policy %+v", contentType, got.Policy)
		}
	}
}

func TestKeyStaysInsideWhenNotExportable(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := policyOf("Self")
	p.Key.Exportable = ptr(false)
	h.create(t, web, p)
	h.get(t, web)
	secret, err := h.Secrets.Get(t.Context(), nobody, web.As(vault.Secrets), "", "")
	must(t, err)
	if _, err := certs.ReadPEM(t.Context(), []byte(secret.Value), ""); err == nil {
		t.Error("the secret holds the private key")
	}
}

func TestReuseKey(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := policyOf("Self")
	p.Key.Reuse = ptr(true)
	public := func() string {
		h.create(t, web, p)
		h.get(t, web)
		k, err := h.Get(t.Context(), nobody, web.As(vault.Keys), "")
		must(t, err)
		return string(k.Version.Key.Public)
	}
	first := public()
	if public() != first {
		t.Error("the key was not used again")
	}
	p.Key.Curve = ptr(vault.P384)
	if public() == first {
		t.Error("a P-256 key was used for P-384")
	}
	p.Key.Reuse = ptr(false)
	if second := public(); public() == second {
		t.Error("a key was used again without being asked to")
	}
}

func TestDisabledCertificateKeepsItsSecret(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.create(t, web, policyOf("Self"))
	h.get(t, web)
	_, err := h.Certificates.Update(t.Context(), nobody, web, "", service.UpdateInput{Enabled: ptr(false), Tags: map[string]string{"a": "b"}})
	must(t, err)
	_, err = h.Secrets.Get(t.Context(), nobody, web.As(vault.Secrets), "", "")
	refused(t, err, vault.Denied, "Forbidden")
	k, err := h.Get(t.Context(), nobody, web.As(vault.Keys), "")
	must(t, err)
	if k.Version.Attributes.Enabled || k.Version.Tags["a"] != "b" {
		t.Errorf("%+v", k.Version)
	}
}

// Clients sort versions by created to find the newest, so no two may tie.
func TestVersionsAreDatedApart(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	seen := map[int64]bool{}
	for i := range 4 {
		h.create(t, web, policyOf("Self"))
		created := h.get(t, web).Version.Attributes.Created
		if seen[created.Unix()] || created.Sub(noon) > time.Duration(i)*time.Second {
			t.Errorf("version %d made at %v", i, created)
		}
		seen[created.Unix()] = true
	}
	gone, err := h.Delete(t.Context(), nobody, web)
	must(t, err)
	if gone.Deletion.At.Before(gone.Version.Attributes.Created) {
		t.Errorf("deleted at %v, before it was made", gone.Deletion.At)
	}
}

func TestEpochMovesWithEveryWrite(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	before := h.Epoch(web)
	h.create(t, web, policyOf("Self"))
	created := h.Epoch(web)
	h.get(t, web)
	if issued := h.Epoch(web.As(vault.Keys)); before == created || created == issued {
		t.Errorf("epochs %d %d %d", before, created, issued)
	}
}

func TestImportBoundsTheChain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.create(t, web, policyOf("Self"))
	h.get(t, web)
	secret, err := h.Secrets.Get(t.Context(), nobody, web.As(vault.Secrets), "", "")
	must(t, err)
	extra, err := certs.WritePEM(nil, [][]byte{h.authority.Certificate})
	must(t, err)
	other := vault.Ref{Vault: "default", Kind: vault.Certificates, Name: "long"}
	in := service.ImportInput{Value: secret.Value + strings.Repeat(extra, 40), Policy: &policy.Patch{Secret: &policy.SecretPatch{ContentType: ptr(vault.PEM)}}}
	_, err = h.Certificates.Import(t.Context(), nobody, other, in)
	refused(t, err, vault.Invalid, "BadParameter")
	in.Value = secret.Value + extra
	_, err = h.Certificates.Import(t.Context(), nobody, other, in)
	must(t, err)
	other.Name = "LONG"
	again, err := h.Certificates.Import(t.Context(), nobody, other, in)
	must(t, err)
	if again.Version.Name != "long" {
		t.Errorf("the name is now spelled %s", again.Version.Name)
	}
}
