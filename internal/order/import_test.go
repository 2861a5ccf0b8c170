package order_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"testing"

	"certwright/internal/certs"
	"certwright/internal/policy"
	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// rsaPEM returns a PEM import of an RSA key of so many bits.
func rsaPEM(t *testing.T, bits int) service.ImportInput {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	Must(t, err)
	text := SelfSigned(t, key, x509.Certificate{NotBefore: Noon, NotAfter: Noon.AddDate(1, 0, 0)})
	return service.ImportInput{Value: text, Policy: &policy.Patch{Secret: &policy.SecretPatch{ContentType: new(vault.PEM)}}}
}

// RSA keys that create would call too small are no better when they are
// brought; odd sizes above are taken.
func TestImportRefusesSmallRSAKeys(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	for _, bits := range []int{1024, 2047, 2048, 2056} {
		ref := Certificate(fmt.Sprint("rsa-", bits))
		got, err := h.Certificates.Import(t.Context(), Nobody, ref, rsaPEM(t, bits))
		if bits >= 2048 {
			Must(t, err)
			if got.Policy.Key.Size != bits {
				t.Errorf("a key of %d bits became one of %d", bits, got.Policy.Key.Size)
			}
			continue
		}
		var refusal *vault.Error
		want := vault.BadKeySize(bits, 2048, 3072, 4096)
		if !errors.As(err, &refusal) || refusal.Message != want.Message || refusal.Inner != want.Inner {
			t.Errorf("%d bits: %v, want %v", bits, err, want)
		}
		_, err = h.Get(t.Context(), Nobody, ref, "")
		Refused(t, err, vault.NotFound, "CertificateNotFound")
	}
}

// What an abandoned import would have stored is not there.
func TestImportEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	ctx, gone := context.WithCancel(t.Context())
	in := rsaPEM(t, 2048)
	gone()
	if _, err := h.Certificates.Import(ctx, Nobody, Web, in); !errors.Is(err, context.Canceled) {
		t.Errorf("the import answers %v", err)
	}
	_, err := h.Get(t.Context(), Nobody, Web, "")
	Refused(t, err, vault.NotFound, "CertificateNotFound")
}

func TestImportWhatWeExport(t *testing.T) {
	t.Parallel()
	for _, contentType := range []string{vault.PEM, vault.PKCS12} {
		h := NewHouse(t)
		p := Policy("Self")
		p.Secret.ContentType = &contentType
		h.Create(t, Web, p)
		want := h.Latest(t, Web)
		secret := h.Secret(t, Web.As(vault.Secrets))
		got, err := h.Certificates.Import(t.Context(), Nobody, Certificate("copy"),
			service.ImportInput{Value: secret.Value, Policy: &policy.Patch{Secret: &policy.SecretPatch{ContentType: &contentType}}})
		Must(t, err)
		if !bytes.Equal(got.Version.Certificate.Leaf, want.Version.Certificate.Leaf) || got.Pending {
			t.Errorf("%s: another certificate", contentType)
		}
		if got.Policy.Issuer.Name != vault.UnknownIssuer || got.Policy.Key != want.Policy.Key || got.Policy.X509.Subject != "CN=web.example.test" {
			t.Errorf("%s: policy %+v", contentType, got.Policy)
		}
	}
}

func TestImportBoundsTheChain(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.Create(t, Web, Policy("Self"))
	h.Latest(t, Web)
	secret := h.Secret(t, Web.As(vault.Secrets))
	extra, err := certs.WritePEM(nil, [][]byte{h.Authority.Certificate})
	Must(t, err)
	other := Certificate("long")
	in := service.ImportInput{Value: secret.Value + strings.Repeat(extra, 40), Policy: &policy.Patch{Secret: &policy.SecretPatch{ContentType: new(vault.PEM)}}}
	_, err = h.Certificates.Import(t.Context(), Nobody, other, in)
	Refused(t, err, vault.Invalid, "BadParameter")
	in.Value = secret.Value + extra
	_, err = h.Certificates.Import(t.Context(), Nobody, other, in)
	Must(t, err)
	other.Name = "LONG"
	again, err := h.Certificates.Import(t.Context(), Nobody, other, in)
	Must(t, err)
	if again.Version.Name != "long" {
		t.Errorf("the name is now spelled %s", again.Version.Name)
	}
}

// An import may name the issuer of the next version, which must be there, and a
// key in an HSM, where the vault has one.
func TestImportPolicies(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	in := rsaPEM(t, 2048)
	bring := func(kind vault.KeyType, issuer string) (service.Bundle, error) {
		in.Policy = &policy.Patch{Secret: in.Policy.Secret, Key: &policy.KeyPatch{Type: &kind}, Issuer: &policy.IssuerPatch{Name: &issuer}}
		return h.Certificates.Import(t.Context(), Nobody, Web, in)
	}
	_, err := bring(vault.RSA, "mydigicert")
	Refused(t, err, vault.Invalid, "BadParameter")
	h.SetIssuer(t, "")
	b, err := bring(vault.RSA, "MyDigicert")
	Must(t, err)
	if b.Policy.Issuer.Name != "MyDigicert" || b.Policy.Key.Type != vault.RSA {
		t.Errorf("%+v", b.Policy)
	}
	premium := vault.DefaultSettings(Web.Vault)
	h.Settings = func(string) vault.Settings { return premium }
	premium.Premium = false
	_, err = bring(vault.RSAHSM, "Self")
	if err == nil || err.Error() != vault.NoHSM(vault.RSAHSM).Error() {
		t.Errorf("a vault without an HSM: %v", err)
	}
	premium.Premium = true
	b, err = bring(vault.RSAHSM, "Self")
	Must(t, err)
	if k := h.Latest(t, Web.As(vault.Keys)).Version.Key; k.Type != vault.RSAHSM || b.Policy.Key.Type != vault.RSAHSM {
		t.Errorf("the key is %s, the policy asks for %s", k.Type, b.Policy.Key.Type)
	}
}
