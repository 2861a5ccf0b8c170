package service_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"certwright/internal/service"
	"certwright/internal/vault"
)

var refusal = vault.Progress{Failure: &vault.Failure{Code: vault.RequestRejected, Message: "CAA forbids it."}}

// failing is a house whose renewal at 80 percent was refused again and again.
func failing(t *testing.T) (*house, *played) {
	t.Helper()
	h, p := playing(t)
	p.steps = []step{h.issues}
	h.create(t, web, lives("mydigicert", 12, renew(80)))
	h.pass(t, day)
	p.steps = []step{waits(refusal)}
	h.pass(t, 300*day)
	return h, p
}

func (h *house) failed(t *testing.T, vaultName string) []vault.Standing {
	t.Helper()
	list, next, err := h.Operator.Failed(t.Context(), vaultName, vault.Ref{}, 10)
	must(t, err)
	if next != (vault.Ref{}) {
		t.Errorf("there is more after %s", next)
	}
	return list
}

// A failed renewal is in sight: the last answer, how often, since when, the next
// try; and gone from there once it got through.
func TestFailedIsInSight(t *testing.T) {
	t.Parallel()
	h, p := failing(t)
	other := vault.Ref{Vault: web.Vault, Kind: vault.Certificates, Name: "another"}
	h.create(t, other, lives("mydigicert", 12, renew(80))) // a first version that is refused
	h.pass(t, time.Minute)
	a := h.get(t, web).Version.Attributes
	due := a.NotBefore.Add(a.Expires.Sub(a.NotBefore) / 100 * 80)
	list := h.failed(t, web.Vault)
	if len(list) != 2 || list[0].Name != "another" || !list[0].Next.IsZero() || list[0].Renewal {
		t.Fatalf("%+v", list)
	}
	st := list[1]
	if st.Name != web.Name || st.Failure.Message != "CAA forbids it." || st.Tries < 6 || st.Due.Sub(due).Abs() > 2*time.Second || !st.Next.After(h.Clock.Now()) || !st.Expires.Equal(a.Expires) {
		t.Errorf("%+v", st)
	}
	if got := h.failed(t, "elsewhere"); len(got) != 0 {
		t.Errorf("another vault has %+v", got)
	}
	page, next, err := h.Operator.Failed(t.Context(), "", vault.Ref{}, 1)
	if err != nil || len(page) != 1 || next.Name != "another" {
		t.Errorf("%v, then after %s: %v", page, next, err)
	}
	if page, next, err = h.Operator.Failed(t.Context(), "", next, 1); err != nil || len(page) != 1 || page[0].Name != web.Name || next != (vault.Ref{}) {
		t.Errorf("%v, then after %s: %v", page, next, err)
	}
	if st, err := h.Operator.History(t.Context(), web); err != nil || !st.Next.Equal(list[1].Next) || st.Tries != list[1].Tries {
		t.Errorf("the history says %+v, %v", st, err)
	}
	p.steps = []step{h.issues}
	h.pass(t, 2*day)
	if list = h.failed(t, web.Vault); len(list) != 1 || list[0].Name != "another" {
		t.Errorf("%+v", list)
	}
	st, err = h.Operator.History(t.Context(), web)
	if fresh := h.get(t, web).Version.Attributes; err != nil || st.Tries != 0 || st.Next.Sub(fresh.NotBefore.Add(fresh.Expires.Sub(fresh.NotBefore)/100*80)).Abs() > time.Second {
		t.Errorf("the next renewal is at %s, %v", st.Next, err)
	}
}

// An operator ends the wait of a failed renewal, and of an order whose issuer
// could not be asked.
func TestRetry(t *testing.T) {
	t.Parallel()
	h, p := failing(t)
	before, was := len(p.asked), h.failed(t, "")[0]
	st, err := h.Operator.Retry(t.Context(), web)
	must(t, err)
	if st.Next.After(h.Clock.Now()) || st.Tries != was.Tries {
		t.Errorf("%+v", st)
	}
	h.pass(t, time.Second)
	if len(p.asked) != before+1 {
		t.Errorf("asked %d times", len(p.asked)-before)
	}
	if next := h.failed(t, "")[0]; next.Tries != was.Tries+1 || next.Next.Sub(h.Clock.Now()) > time.Hour {
		t.Errorf("the ladder does not begin anew: %d tries, the next after %s", next.Tries, next.Next.Sub(h.Clock.Now()))
	}
	p.steps = []step{fails(&vault.RetryError{After: 20 * time.Hour, Err: errors.New("out of reach")})}
	_, err = h.Operator.Retry(t.Context(), web)
	must(t, err)
	h.pass(t, time.Minute)
	if op := h.status(t, web); op.Status != vault.InProgress || op.Attempt != 1 {
		t.Fatalf("%+v", op)
	}
	p.steps = []step{h.issues}
	_, err = h.Operator.Retry(t.Context(), web)
	must(t, err)
	h.pass(t, time.Second)
	if h.made(t, web) != 2 {
		t.Error("not tried at once")
	}
	wantNote(t, h.status(t, web), "An operator wants it tried at once.")
}

// Where nothing waits to be tried, the refusal says what to do instead.
func TestNothingToRetry(t *testing.T) {
	t.Parallel()
	h, p := playing(t)
	ref := func(name string) vault.Ref { return vault.Ref{Vault: web.Vault, Kind: vault.Certificates, Name: name} }
	p.steps = []step{h.issues}
	h.create(t, ref("fine"), lives("mydigicert", 12, renew(80)))
	h.create(t, ref("mail"), lives("mydigicert", 12, write(30)))
	h.pass(t, time.Minute)
	p.steps = []step{waits(refusal)}
	h.create(t, ref("refused"), lives("mydigicert", 12, renew(80)))
	h.pass(t, time.Minute)
	p.steps = []step{waits(vault.Progress{Asks: true, Again: time.Hour})}
	h.create(t, ref("asks"), lives("mydigicert", 12, renew(80)))
	h.create(t, ref("merge"), policyOf("Unknown"))
	h.pass(t, time.Minute)
	for name, want := range map[string]string{"fine": "no renewal failed", "mail": "has no AutoRenew", "refused": "request the certificate again", "asks": "certwright approve", "merge": "the merge of a signed certificate"} {
		_, err := h.Operator.Retry(t.Context(), ref(name))
		refused(t, err, vault.Conflict, "Conflict")
		if err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := h.Operator.Retry(t.Context(), ref("none"))
	refused(t, err, vault.NotFound, "CertificateNotFound")
}

// Mending the issuer ends the waits for it: failed renewals, and orders that it
// could not be asked about; no others.
func TestMendingTheIssuerEndsTheWait(t *testing.T) {
	t.Parallel()
	h, p := failing(t)
	busy := vault.Ref{Vault: web.Vault, Kind: vault.Certificates, Name: "busy"}
	p.steps = []step{fails(&vault.RetryError{After: 20 * time.Hour, Err: errors.New("out of reach")})}
	h.create(t, busy, lives("mydigicert", 12, renew(80)))
	h.pass(t, time.Minute)
	edit := func(name string, in service.IssuerInput) {
		t.Helper()
		if in.Provider == nil {
			_, err := h.Issuers.Update(t.Context(), nobody, web.Vault, name, in)
			must(t, err)
		} else {
			_, err := h.Issuers.Put(t.Context(), nobody, web.Vault, name, in)
			must(t, err)
		}
		h.pass(t, time.Second)
	}
	before := len(p.asked)
	edit("another", service.IssuerInput{Provider: ptr("DigiCert")})
	edit("mydigicert", service.IssuerInput{Enabled: ptr(false)})
	if len(p.asked) != before {
		t.Errorf("asked %d times though nothing was mended", len(p.asked)-before)
	}
	p.steps = []step{h.issues}
	edit("mydigicert", service.IssuerInput{Enabled: ptr(true)})
	if h.made(t, web) != 2 || h.made(t, busy) != 1 {
		t.Errorf("%d and %d versions", h.made(t, web), h.made(t, busy))
	}
	wantNote(t, h.status(t, busy), "Issuer mydigicert was edited or registered anew; it is tried at once.")
}

// What is mended while the issuer is being asked is seen by another step at once.
func TestMendedMeanwhile(t *testing.T) {
	t.Parallel()
	h, p := playing(t)
	first := true
	p.steps = []step{func(o vault.Order) (vault.Progress, error) {
		if first {
			first = false
			_, err := h.Operator.Retry(t.Context(), web)
			return vault.Progress{}, errors.Join(errors.New("out of reach"), err)
		}
		return h.issues(o)
	}}
	h.create(t, web, lives("mydigicert", 12, renew(80)))
	h.clock.Advance(time.Second)
	_, err := h.worker.RunDue(t.Context())
	must(t, err)
	if h.made(t, web) != 1 {
		t.Errorf("not asked again at once: %+v", h.status(t, web))
	}
}

// The history tells revocations.
func TestRevocationIsInTheHistory(t *testing.T) {
	t.Parallel()
	h, p := playing(t)
	p.steps = []step{h.issues}
	p.revoke = func(vault.Revocation) error { return nil }
	h.create(t, web, lives("mydigicert", 12, renew(80)))
	h.pass(t, time.Minute)
	v, err := h.Operator.Revoke(t.Context(), web, "", 1)
	must(t, err)
	st, err := h.Operator.History(t.Context(), web)
	must(t, err)
	wantNote(t, st.Operation, "Version "+v.ID+" was revoked by its issuer: keyCompromise.")
}
