package order_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"certwright/internal/certs"
	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

func TestMerge(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	merge := func(x5c ...string) (service.Bundle, error) {
		return h.Certificates.Merge(t.Context(), Nobody, Web, service.MergeInput{X5C: x5c})
	}
	_, err := merge("AAAA")
	Refused(t, err, vault.NotFound, "PendingCertificateNotFound")
	op := h.Create(t, Web, Policy("Unknown"))
	other := h.Create(t, Certificate("other"), Policy("Unknown"))
	for _, bad := range [][]string{{}, {"!"}, {"AAAA"}, {h.LeafFor(t, other.CSR)}} {
		_, err = merge(bad...)
		Refused(t, err, vault.Invalid, "BadParameter")
		if got := h.Operation(t, Web); got.Status != vault.InProgress {
			t.Fatalf("a bad merge ended the operation: %s", got.Status)
		}
	}
	ca := base64.StdEncoding.EncodeToString(h.Authority.Certificate)
	c, err := merge(strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(ca), h.LeafFor(t, op.CSR)) // either alphabet
	Must(t, err)
	if len(c.Version.Certificate.Chain) != 2 || !bytes.Equal(c.Version.Certificate.Chain[0], c.Version.Certificate.Leaf) {
		t.Error("the chain does not begin with the leaf")
	}
	if done := h.Operation(t, Web); done.Status != vault.Completed || done.Target != c.Version.ID {
		t.Errorf("%+v", done)
	}
	_, err = merge(h.LeafFor(t, op.CSR))
	Refused(t, err, vault.Denied, "Forbidden")
}

// Whoever merges may say of the version what a create may.
func TestMergeSaysMore(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	op := h.Create(t, Web, Policy("Unknown"))
	c, err := h.Certificates.Merge(t.Context(), Nobody, Web, service.MergeInput{X5C: []string{h.LeafFor(t, op.CSR)}, Enabled: new(false), Tags: map[string]string{"team": "a"}})
	Must(t, err)
	if v := c.Version; v.Attributes.Enabled || v.Tags["team"] != "a" {
		t.Errorf("%+v %v", v.Attributes, v.Tags)
	}
}

// What was said of a certificate while its merge was read is not lost, unless the
// merge says otherwise.
func TestMergeKeepsWhatWasSaidMeanwhile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in      service.MergeInput
		enabled bool
		team    string
	}{
		"nothing": {service.MergeInput{}, false, "b"},
		"both":    {service.MergeInput{Enabled: new(true), Tags: map[string]string{"team": "a"}}, true, "a"},
	} {
		h := NewHouse(t)
		c.in.X5C = []string{h.LeafFor(t, h.Create(t, Web, Policy("Unknown")).CSR)}
		h.BeforeWrite(func() {
			_, err := h.Certificates.Update(t.Context(), Nobody, Web, "", service.UpdateInput{Enabled: new(false), Tags: map[string]string{"team": "b"}})
			Must(t, err)
		})
		got, err := h.Certificates.Merge(t.Context(), Nobody, Web, c.in)
		Must(t, err)
		if v := got.Version; v.Attributes.Enabled != c.enabled || v.Tags["team"] != c.team {
			t.Errorf("said %s: enabled %v, tags %v", name, v.Attributes.Enabled, v.Tags)
		}
	}
}

// acmebot and keyvault-ca send PKCS#12 files without key and password.
func TestMergeOfPKCS12(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	op := h.Create(t, Web, Policy("Unknown"))
	leaf, err := base64.StdEncoding.DecodeString(h.LeafFor(t, op.CSR))
	Must(t, err)
	pfx, err := certs.SecretValue(nil, nil, [][]byte{h.Authority.Certificate, leaf}, vault.PKCS12, op.RequestID, certs.SecretForm3DES)
	Must(t, err)
	c, err := h.Certificates.Merge(t.Context(), Nobody, Web, service.MergeInput{X5C: []string{pfx}})
	Must(t, err)
	if diff := cmp.Diff([][]byte{leaf, h.Authority.Certificate}, c.Version.Certificate.Chain); diff != "" {
		t.Error(diff)
	}
}

func TestMergeAfterFailure(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.SetIssuer(t, "outcome=reject")
	op := h.Create(t, Web, Policy("mydigicert"))
	if got := h.Operation(t, Web); got.Status != vault.Failed {
		t.Fatal(got.Status)
	}
	_, err := h.Certificates.Merge(t.Context(), Nobody, Web, service.MergeInput{X5C: []string{h.LeafFor(t, op.CSR)}})
	Must(t, err)
	h.SetIssuer(t, "hold")
	op = h.Create(t, Web, Policy("mydigicert"))
	_, err = h.Certificates.Merge(t.Context(), Nobody, Web, service.MergeInput{X5C: []string{h.LeafFor(t, op.CSR)}})
	Refused(t, err, vault.Denied, "Forbidden")
}
