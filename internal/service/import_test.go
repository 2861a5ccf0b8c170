package service_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"testing"

	"certwright/internal/policy"
	"certwright/internal/service"
	"certwright/internal/vault"
)

// rsaPEM returns a PEM import of an RSA key of so many bits.
func rsaPEM(t *testing.T, bits int) service.ImportInput {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: noon, NotAfter: noon.AddDate(1, 0, 0)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})...)
	return service.ImportInput{Value: string(text), Policy: &policy.Patch{Secret: &policy.SecretPatch{ContentType: ptr(vault.PEM)}}}
}

// RSA keys that create would call too small are no better when they are
// brought; odd sizes above are taken.
func TestImportRefusesSmallRSAKeys(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, bits := range []int{1024, 2047, 2048, 2056} {
		ref := vault.Ref{Vault: "default", Kind: vault.Certificates, Name: fmt.Sprint("rsa-", bits)}
		got, err := h.Certificates.Import(t.Context(), nobody, ref, rsaPEM(t, bits))
		if bits >= 2048 {
			must(t, err)
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
		_, err = h.Get(t.Context(), nobody, ref, "")
		refused(t, err, vault.NotFound, "CertificateNotFound")
	}
}

// What an abandoned import would have stored is not there.
func TestImportEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx, gone := context.WithCancel(t.Context())
	in := rsaPEM(t, 2048)
	gone()
	if _, err := h.Certificates.Import(ctx, nobody, web, in); !errors.Is(err, context.Canceled) {
		t.Errorf("the import answers %v", err)
	}
	_, err := h.Get(t.Context(), nobody, web, "")
	refused(t, err, vault.NotFound, "CertificateNotFound")
}
