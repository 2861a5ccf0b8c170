package schedule_test

import (
	"strings"
	"testing"
	"time"

	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

// A certificate renews itself when its policy says, with its tags, and people
// and programs are told once.
func TestRenewal(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.SetContacts(t)
	_, err := h.Certificates.Create(t.Context(), Nobody, Web, service.CreateInput{Policy: Lives("Self", 12, RenewAt(80)), Tags: map[string]string{"team": "a"}})
	Must(t, err)
	h.Pass(t, 291*Day)
	first := h.Latest(t, Web)
	if n := h.Made(t, Web); n != 1 {
		t.Fatalf("%d versions before the trigger", n)
	}
	h.Pass(t, 2*Day)
	second := h.Latest(t, Web)
	if second.Version.ID == first.Version.ID || h.Made(t, Web) != 2 {
		t.Fatal("not renewed at 80 percent")
	}
	if diff := cmp.Diff(first.Version.Tags, second.Version.Tags); diff != "" || !second.Version.Attributes.Enabled {
		t.Errorf("tags: %s", diff)
	}
	op := h.Operation(t, Web)
	if !op.Renewal || op.Status != vault.Completed || op.Target != second.Version.ID {
		t.Errorf("%+v", op)
	}
	h.WantOutbox(t, map[string]int{"CertificateNewVersionCreated": 2, "is being renewed": 1, "was renewed": 1})
	h.Pass(t, 400*Day)
	h.WantOutbox(t, map[string]int{"CertificateNewVersionCreated": 3, "is being renewed": 2, "was renewed": 2})
}

// A renewal that fails leaves the version in use, is tried again by the ladder,
// tells people once, and heals when the issuer does.
func TestRenewalFails(t *testing.T) {
	t.Parallel()
	h, p := Renewing(t)
	h.SetContacts(t)
	h.Pass(t, Day)
	first := h.Latest(t, Web)
	p.Steps = []Step{Waits(Refusal)}
	h.Pass(t, 293*Day)
	if n := len(p.Asked); n < 5 || n > 8 { // 0, 1 h, 3 h, 7 h, 15 h, 31 h
		t.Errorf("tried %d times within two days", n)
	}
	if op := h.Operation(t, Web); op.Status != vault.Failed || op.Failure.Message != "CAA forbids it." || !op.Renewal {
		t.Errorf("%+v", op)
	}
	if got := h.Latest(t, Web); got.Version.ID != first.Version.ID {
		t.Error("the version in use changed")
	}
	h.WantOutbox(t, map[string]int{"CertificateNewVersionCreated": 1, "is being renewed": 1, "could not be renewed": 1, "Certwright.CertificateRenewalFailed": 1})
	p.Steps = []Step{h.Issues}
	h.Pass(t, 2*Day)
	if h.Made(t, Web) != 2 {
		t.Error("not renewed though the issuer would")
	}
	h.WantOutbox(t, map[string]int{"CertificateNewVersionCreated": 2, "is being renewed": 1, "could not be renewed": 1, "Certwright.CertificateRenewalFailed": 1, "was renewed": 1})
}

// An issuer that is gone or disabled shows on the pending object; the renewal
// goes on when it is back.
func TestRenewalRefused(t *testing.T) {
	t.Parallel()
	h, p := Renewing(t)
	h.SetContacts(t)
	h.Pass(t, Day)
	set := func(on bool) {
		_, err := h.Issuers.Update(t.Context(), Nobody, Web.Vault, "mydigicert", service.IssuerInput{Enabled: &on})
		Must(t, err)
	}
	set(false)
	h.Pass(t, 293*Day)
	op := h.Operation(t, Web)
	if op.Status != vault.Failed || !strings.Contains(op.Failure.Message, "mydigicert") || len(op.History) != 1 {
		t.Errorf("%+v", op)
	}
	_, err := h.Certificates.Merge(t.Context(), Nobody, Web, service.MergeInput{X5C: []string{h.LeafFor(t, p.Asked[0].CSR)}})
	Refused(t, err, vault.Denied, "Forbidden")
	set(true)
	h.Pass(t, 2*Day)
	if h.Made(t, Web) != 2 {
		t.Error("not renewed by an issuer that is back")
	}
	h.WantOutbox(t, map[string]int{"CertificateNewVersionCreated": 2, "could not be renewed": 1, "Certwright.CertificateRenewalFailed": 1, "is being renewed": 1, "was renewed": 1})
}

// A renewal is a pending operation like any other: whoever cancels or deletes
// it puts it off, and it comes back.
func TestRenewalIsCancelled(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(h *House) error{
		"cancelled": func(h *House) error {
			_, err := h.Certificates.UpdateOperation(t.Context(), Nobody, Web, "", true)
			return err
		},
		"deleted": func(h *House) error {
			_, err := h.Certificates.DeleteOperation(t.Context(), Nobody, Web, "")
			return err
		},
	} {
		h, p := Renewing(t)
		h.Pass(t, Day)
		p.Steps = []Step{Waits(vault.Progress{State: []byte("x"), Again: time.Hour})}
		h.Pass(t, 292*Day)
		if op := h.Operation(t, Web); op.Status != vault.InProgress || !op.Renewal {
			t.Fatalf("%+v", op)
		}
		Must(t, stop(h))
		h.Pass(t, 30*time.Minute)
		if op, err := h.Certificates.GetOperation(t.Context(), Nobody, Web, ""); err == nil && op.Status == vault.InProgress {
			t.Errorf("%s: began again at once", name)
		}
		p.Steps = []Step{h.Issues}
		h.Pass(t, Day)
		if h.Made(t, Web) != 2 {
			t.Errorf("%s: does not come back", name)
		}
	}
}
