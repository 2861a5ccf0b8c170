package order_test

import (
	"crypto/ecdsa"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"certwright/internal/certs"
	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

func TestFirstGetFinishesSelf(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	created := h.Create(t, Web, Policy("Self"))
	op := h.Operation(t, Web)
	if op.Status != vault.Completed || op.RequestID != created.RequestID {
		t.Fatalf("%s %s", op.Status, op.RequestID)
	}
	c := h.Latest(t, Web)
	if c.Version.ID != op.Target || !c.Version.Attributes.Enabled || !c.Pending || !c.Settled() {
		t.Errorf("certificate %+v", c)
	}
	key, err := h.Get(t.Context(), Nobody, Web.As(vault.Keys), c.Version.ID)
	Must(t, err)
	secret := h.Secret(t, Web.As(vault.Secrets))
	bundle, err := certs.ReadPEM(t.Context(), []byte(secret.Value), "")
	Must(t, err)
	if string(bundle.Key.PKIX()) != string(key.Version.Key.Public) || secret.Version.ID != op.Target || !key.Version.Managed {
		t.Error("certificate, key and secret are not one")
	}
}

// A Self order that an earlier build has left is signed once somebody looks.
func TestSelfOfAnEarlierBuild(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	csr, err := x509.ParseCertificateRequest(h.Create(t, Web, Policy("Self")).CSR)
	Must(t, err)
	h.Unstage(t, Web)
	if op := h.Operation(t, Web); op.Status != vault.Completed {
		t.Fatalf("%s %+v", op.Status, op.Failure)
	}
	leaf, err := x509.ParseCertificate(h.Latest(t, Web).Version.Certificate.Leaf)
	Must(t, err)
	if !csr.PublicKey.(*ecdsa.PublicKey).Equal(leaf.PublicKey) {
		t.Error("the certificate is for another key")
	}
}

func TestWorkerFinishesSelfWhenNobodyAsks(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.Create(t, Web, Policy("self"))
	list := func() int {
		p, err := h.List(t.Context(), Nobody, Web.Vault, vault.Certificates, service.ListInput{Limit: 25})
		Must(t, err)
		return len(p.Items)
	}
	h.Pass(t, time.Second)
	if n := list(); n != 0 {
		t.Errorf("finished after one second: %d", n)
	}
	h.Pass(t, time.Second)
	if n := list(); n != 1 {
		t.Errorf("not finished after two seconds: %d", n)
	}
}

// TestScripts drives each script of docs/issuers/scripted.md to its end, by the worker alone.
func TestScripts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		script string
		after  time.Duration
		want   vault.Status
		code   string
		text   string
	}{
		{"4417", 2 * time.Second, vault.Completed, "", ""},
		{"hold", 400 * time.Hour, vault.InProgress, "", ""},
		{"delay=5s", 4 * time.Second, vault.InProgress, "", ""},
		{"delay=5s", 5 * time.Second, vault.Completed, "", ""},
		{"outcome=reject", 2 * time.Second, vault.Failed, vault.RequestRejected, "script"},
		{"outcome=error;message=closed; for good", 2 * time.Second, vault.Failed, vault.IssuerFault, "closed; for good"},
		{"fail=2", 2 * time.Second, vault.InProgress, "", ""}, // at 0 s, 1 s; then at 3 s
		{"fail=2", 3 * time.Second, vault.Completed, "", ""},
		{"fail=1;delay=1h;outcome=reject", time.Hour + time.Second, vault.Failed, vault.RequestRejected, "script"},
	} {
		h := NewHouse(t)
		h.SetIssuer(t, c.script)
		h.Create(t, Web, Policy("MyDigiCert"))
		h.Pass(t, c.after)
		op := h.Operation(t, Web)
		if op.Status != c.want {
			t.Errorf("%q after %v: %s, want %s", c.script, c.after, op.Status, c.want)
		}
		if op.Failure != nil && (op.Failure.Code != c.code || !strings.Contains(op.Failure.Message, c.text)) || op.Failure == nil && c.code != "" {
			t.Errorf("%q: failure %+v", c.script, op.Failure)
		}
	}
}

func TestOrderSurvivesItsIssuer(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.SetIssuer(t, "delay=10s")
	h.Create(t, Web, Policy("mydigicert"))
	_, err := h.Issuers.Delete(t.Context(), Nobody, Web.Vault, "MyDigicert")
	Must(t, err)
	h.Pass(t, 10*time.Second)
	if op := h.Operation(t, Web); op.Status != vault.Completed {
		t.Errorf("%+v", op)
	}
}

func TestRequestIDFilters(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	first := h.Create(t, Web, Policy("Unknown"))
	_, err := h.Certificates.GetOperation(t.Context(), Nobody, Web, vault.NewID())
	Refused(t, err, vault.NotFound, "PendingCertificateNotFound")
	_, err = h.Certificates.UpdateOperation(t.Context(), Nobody, Web, vault.NewID(), true)
	Refused(t, err, vault.NotFound, "PendingCertificateNotFound")
	_, err = h.Certificates.DeleteOperation(t.Context(), Nobody, Web, vault.NewID())
	Refused(t, err, vault.NotFound, "PendingCertificateNotFound")
	_, err = h.Certificates.DeleteOperation(t.Context(), Nobody, Web, first.RequestID)
	Must(t, err)
	second := h.Create(t, Web, Policy("Unknown"))
	_, err = h.Certificates.GetOperation(t.Context(), Nobody, Web, first.RequestID)
	Refused(t, err, vault.NotFound, "PendingCertificateNotFound")
	_, err = h.Certificates.GetOperation(t.Context(), Nobody, Web, second.RequestID)
	Must(t, err)
}
