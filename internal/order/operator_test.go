package order_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// An operator's word goes to the issuer with the next step, which is at once.
func TestApproval(t *testing.T) {
	t.Parallel()
	for _, approved := range []bool{true, false} {
		h, p := Playing(t)
		p.Steps = []Step{func(o vault.Order) (vault.Progress, error) {
			switch {
			case o.Approval == nil:
				return vault.Progress{WantsApproval: true, Detail: "The order waits for an operator.", Again: 30 * 24 * time.Hour}, nil
			case o.Approval.Approved:
				return h.Issues(o)
			}
			return vault.Progress{Failure: &vault.Failure{Code: vault.RequestRejected, Message: o.Approval.Message}}, nil
		}}
		h.Create(t, Web, Policy("mydigicert"))
		_, err := h.Operator.Decide(t.Context(), Web, "", approved, "no reason")
		Refused(t, err, vault.Conflict, "Conflict") // it has not asked yet
		h.Pass(t, time.Minute)
		ops, next, err := h.Operator.Underway(t.Context(), Web.Vault, vault.Ref{}, 10)
		Must(t, err)
		if len(ops) != 1 || !ops[0].WantsApproval || next != (vault.Ref{}) {
			t.Fatalf("%+v", ops)
		}
		if details, _ := ops[0].Details(); details != "The order waits for an operator." {
			t.Error(details)
		}
		_, err = h.Operator.Decide(t.Context(), Web, "0123", approved, "")
		Refused(t, err, vault.NotFound, "PendingCertificateNotFound")
		_, err = h.Operator.Decide(t.Context(), Web, ops[0].RequestID, approved, "no reason")
		Must(t, err)
		_, err = h.Operator.Decide(t.Context(), Web, "", !approved, "")
		Refused(t, err, vault.Conflict, "Conflict") // once is enough
		h.Pass(t, time.Second)
		op := h.Operation(t, Web)
		if want := map[bool]vault.Status{true: vault.Completed, false: vault.Failed}[approved]; op.Status != want {
			t.Errorf("%s, want %s", op.Status, want)
		}
		WantNote(t, op, "by an operator: no reason")
		if !approved && op.Failure.Message != "no reason" {
			t.Errorf("%+v", op.Failure)
		}
	}
}

// Revocation goes to the issuer that made the version, and only there.
func TestRevoke(t *testing.T) {
	t.Parallel()
	h, p := Playing(t)
	p.Steps = []Step{h.Issues}
	var got vault.Revocation
	answer := error(nil)
	p.OnRevoke = func(r vault.Revocation) error { got = r; return answer }
	_, err := h.Operator.Revoke(t.Context(), Web, "", 1)
	Refused(t, err, vault.NotFound, "CertificateNotFound")
	h.Create(t, Web, Policy("mydigicert"))
	_, err = h.Operator.Revoke(t.Context(), Web, "", 1)
	Refused(t, err, vault.Conflict, "NotIssued")
	h.Pass(t, time.Second)
	v, err := h.Operator.Revoke(t.Context(), Web, "", 1)
	Must(t, err)
	if got.Reason != 1 || string(got.Ref) != "order 9" || !bytes.Equal(got.Chain[0], v.Certificate.Leaf) || got.Issuer.Name != "mydigicert" || got.Password.Reveal() != "hunter2" {
		t.Errorf("%+v", got)
	}
	answer = errors.New("dial: refused with hunter2")
	_, err = h.Operator.Revoke(t.Context(), Web, "", 1)
	Refused(t, err, vault.Unavailable, "IssuerUnavailable")
	if strings.Contains(err.Error(), "hunter2") {
		t.Error("the issuer's password is told")
	}
	answer = vault.NotRevocable("the authority does not know it.")
	_, err = h.Operator.Revoke(t.Context(), Web, "", 1)
	Refused(t, err, vault.Conflict, "NotRevocable")
	own := Certificate("own")
	h.Create(t, own, Policy("Self"))
	h.Operation(t, own)
	_, err = h.Operator.Revoke(t.Context(), own, "", 1)
	Refused(t, err, vault.Conflict, "NotRevocable")
}

// The history tells revocations.
func TestRevocationIsInTheHistory(t *testing.T) {
	t.Parallel()
	h, p := Renewing(t)
	p.OnRevoke = func(vault.Revocation) error { return nil }
	h.Pass(t, time.Minute)
	v, err := h.Operator.Revoke(t.Context(), Web, "", 1)
	Must(t, err)
	st, err := h.Operator.History(t.Context(), Web)
	Must(t, err)
	WantNote(t, st.Operation, "Version "+v.ID+" was revoked by its issuer: keyCompromise.")
}

// A version is revoked by the provider that made it, whatever its issuer is
// changed to since.
func TestRevokedWhereItWasMade(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	revoked := map[string]int{}
	h.Orders.Issuers.Find = func(provider string) vault.Issuer {
		return &Played{Steps: []Step{h.Issues}, OnRevoke: func(r vault.Revocation) error {
			revoked[provider]++
			if r.Password != "" {
				t.Errorf("%s is shown the password of another account", provider)
			}
			return nil
		}}
	}
	h.SetIssuer(t, "")
	h.Create(t, Web, Policy("mydigicert"))
	h.Pass(t, time.Minute)
	_, err := h.Issuers.Put(t.Context(), Nobody, Web.Vault, "mydigicert", service.IssuerInput{Provider: new("Other"),
		Credentials: true, Password: new(vault.Hidden("opensesame"))})
	Must(t, err)
	if _, err := h.Operator.Revoke(t.Context(), Web, "", 0); err != nil || revoked["DigiCert"] != 1 || len(revoked) != 1 {
		t.Errorf("revoked at %v, %v", revoked, err)
	}
}
