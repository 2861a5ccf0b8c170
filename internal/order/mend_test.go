package order_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"certwright/internal/order"
	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

func failed(t *testing.T, h *House, vaultName string) []vault.Standing {
	t.Helper()
	list, next, err := h.Operator.Failed(t.Context(), vaultName, vault.Ref{}, 10)
	Must(t, err)
	if next != (vault.Ref{}) {
		t.Errorf("there is more after %s", next)
	}
	return list
}

// A failed renewal is in sight: the last answer, how often, since when, the next
// try; and gone from there once it got through.
func TestFailedIsInSight(t *testing.T) {
	t.Parallel()
	h, p := Failing(t)
	other := Certificate("another")
	h.Create(t, other, Lives("mydigicert", 12, RenewAt(80))) // a first version that is refused
	h.Pass(t, time.Minute)
	a := h.Latest(t, Web).Version.Attributes
	due := a.NotBefore.Add(a.Expires.Sub(a.NotBefore) / 100 * 80)
	list := failed(t, h, Web.Vault)
	if len(list) != 2 || list[0].Name != "another" || !list[0].Next.IsZero() || list[0].Renewal {
		t.Fatalf("%+v", list)
	}
	st := list[1]
	if st.Name != Web.Name || st.Failure.Message != "CAA forbids it." || st.Tries < 6 || st.Due.Sub(due).Abs() > 2*time.Second || !st.Next.After(h.Clock.Now()) || !st.Expires.Equal(a.Expires) {
		t.Errorf("%+v", st)
	}
	if got := failed(t, h, "elsewhere"); len(got) != 0 {
		t.Errorf("another vault has %+v", got)
	}
	page, next, err := h.Operator.Failed(t.Context(), "", vault.Ref{}, 1)
	if err != nil || len(page) != 1 || next.Name != "another" {
		t.Errorf("%v, then after %s: %v", page, next, err)
	}
	if page, next, err = h.Operator.Failed(t.Context(), "", next, 1); err != nil || len(page) != 1 || page[0].Name != Web.Name || next != (vault.Ref{}) {
		t.Errorf("%v, then after %s: %v", page, next, err)
	}
	if st, err := h.Operator.History(t.Context(), Web); err != nil || !st.Next.Equal(list[1].Next) || st.Tries != list[1].Tries {
		t.Errorf("the history says %+v, %v", st, err)
	}
	p.Steps = []Step{h.Issues}
	h.Pass(t, 2*Day)
	if list = failed(t, h, Web.Vault); len(list) != 1 || list[0].Name != "another" {
		t.Errorf("%+v", list)
	}
	st, err = h.Operator.History(t.Context(), Web)
	if fresh := h.Latest(t, Web).Version.Attributes; err != nil || st.Tries != 0 || st.Next.Sub(fresh.NotBefore.Add(fresh.Expires.Sub(fresh.NotBefore)/100*80)).Abs() > time.Second {
		t.Errorf("the next renewal is at %s, %v", st.Next, err)
	}
}

// An operator ends the wait of a failed renewal, and of an order whose issuer
// could not be asked.
func TestRetry(t *testing.T) {
	t.Parallel()
	h, p := Failing(t)
	before, was := len(p.Asked), failed(t, h, "")[0]
	st, err := h.Operator.Retry(t.Context(), Web)
	Must(t, err)
	if st.Next.After(h.Clock.Now()) || st.Tries != was.Tries {
		t.Errorf("%+v", st)
	}
	h.Pass(t, time.Second)
	if len(p.Asked) != before+1 {
		t.Errorf("asked %d times", len(p.Asked)-before)
	}
	if next := failed(t, h, "")[0]; next.Tries != was.Tries+1 || next.Next.Sub(h.Clock.Now()) > time.Hour {
		t.Errorf("the ladder does not begin anew: %d tries, the next after %s", next.Tries, next.Next.Sub(h.Clock.Now()))
	}
	p.Steps = []Step{Fails(&vault.RetryError{After: 20 * time.Hour, Err: errors.New("out of reach")})}
	_, err = h.Operator.Retry(t.Context(), Web)
	Must(t, err)
	h.Pass(t, time.Minute)
	if op := h.Operation(t, Web); op.Status != vault.InProgress || op.Attempt != 1 {
		t.Fatalf("%+v", op)
	}
	p.Steps = []Step{h.Issues}
	_, err = h.Operator.Retry(t.Context(), Web)
	Must(t, err)
	h.Pass(t, time.Second)
	if h.Made(t, Web) != 2 {
		t.Error("not tried at once")
	}
	WantNote(t, h.Operation(t, Web), "An operator wants it tried at once.")
}

// Where nothing waits to be tried, the refusal says what to do instead.
func TestNothingToRetry(t *testing.T) {
	t.Parallel()
	h, p := Playing(t)
	ref := func(name string) vault.Ref { return Certificate(name) }
	p.Steps = []Step{h.Issues}
	h.Create(t, ref("fine"), Lives("mydigicert", 12, RenewAt(80)))
	h.Create(t, ref("mail"), Lives("mydigicert", 12, MailBefore(30)))
	h.Pass(t, time.Minute)
	p.Steps = []Step{Waits(Refusal)}
	h.Create(t, ref("refused"), Lives("mydigicert", 12, RenewAt(80)))
	h.Pass(t, time.Minute)
	p.Steps = []Step{Waits(vault.Progress{WantsApproval: true, Again: time.Hour})}
	h.Create(t, ref("asks"), Lives("mydigicert", 12, RenewAt(80)))
	h.Create(t, ref("merge"), Policy("Unknown"))
	h.Create(t, ref("cancelled"), Policy("Self"))
	h.Cancel(t, ref("cancelled"), true)
	h.Pass(t, time.Minute)
	for name, want := range map[string]string{"cancelled": "no version of the certificate was made yet", "fine": "no renewal failed", "mail": "has no AutoRenew", "refused": "request the certificate again", "asks": "certwright approve", "merge": "the merge of a signed certificate"} {
		_, err := h.Operator.Retry(t.Context(), ref(name))
		Refused(t, err, vault.Conflict, "Conflict")
		if err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := h.Operator.Retry(t.Context(), ref("none"))
	Refused(t, err, vault.NotFound, "CertificateNotFound")
}

// Mending the issuer ends the waits for it: failed renewals, and orders that it
// could not be asked about; no others.
func TestMendingTheIssuerEndsTheWait(t *testing.T) {
	t.Parallel()
	h, p := Failing(t)
	busy := Certificate("busy")
	p.Steps = []Step{Fails(&vault.RetryError{After: 20 * time.Hour, Err: errors.New("out of reach")})}
	h.Create(t, busy, Lives("mydigicert", 12, RenewAt(80)))
	h.Pass(t, time.Minute)
	edit := func(name string, in service.IssuerInput) {
		t.Helper()
		if in.Provider == nil {
			_, err := h.Issuers.Update(t.Context(), Nobody, Web.Vault, name, in)
			Must(t, err)
		} else {
			_, err := h.Issuers.Put(t.Context(), Nobody, Web.Vault, name, in)
			Must(t, err)
		}
		h.Pass(t, time.Second)
	}
	before := len(p.Asked)
	edit("another", service.IssuerInput{Provider: new("DigiCert")})
	edit("mydigicert", service.IssuerInput{Enabled: new(false)})
	if len(p.Asked) != before {
		t.Errorf("asked %d times though nothing was mended", len(p.Asked)-before)
	}
	p.Steps = []Step{h.Issues}
	edit("mydigicert", service.IssuerInput{Enabled: new(true)})
	if h.Made(t, Web) != 2 || h.Made(t, busy) != 1 {
		t.Errorf("%d and %d versions", h.Made(t, Web), h.Made(t, busy))
	}
	WantNote(t, h.Operation(t, busy), "Issuer mydigicert was edited or registered anew; it is tried at once.")
}

// What is said while the issuer is being asked counts as soon as it has answered,
// though it wants to be left alone for long.
func TestSaidMeanwhile(t *testing.T) {
	t.Parallel()
	asks := vault.Progress{State: []byte("placed"), WantsApproval: true, Again: 12 * time.Hour}
	for want, say := range map[vault.Status]func(*House) error{
		vault.Cancelled: func(h *House) error {
			_, err := h.Certificates.UpdateOperation(t.Context(), Nobody, Web, "", true)
			return err
		},
		vault.Completed: func(h *House) error {
			_, err := h.Operator.Decide(t.Context(), Web, "", true, "")
			return err
		},
	} {
		h, p := Playing(t)
		p.Steps = []Step{Waits(asks), func(vault.Order) (vault.Progress, error) { return asks, say(h) }, func(o vault.Order) (vault.Progress, error) {
			if o.Approval == nil {
				return asks, nil
			}
			return h.Issues(o)
		}}
		h.Create(t, Web, Policy("mydigicert"))
		h.Pass(t, 12*time.Hour+vault.CancelDelay+time.Second)
		if op := h.Operation(t, Web); op.Status != want || len(p.Asked) < 2 {
			t.Errorf("%s after %d steps, want %s", op.Status, len(p.Asked), want)
		}
	}
}

// What is mended while the issuer is being asked is seen by another step at once.
func TestMendedMeanwhile(t *testing.T) {
	t.Parallel()
	h, p := Playing(t)
	first := true
	p.Steps = []Step{func(o vault.Order) (vault.Progress, error) {
		if first {
			first = false
			_, err := h.Operator.Retry(t.Context(), Web)
			return vault.Progress{}, errors.Join(errors.New("out of reach"), err)
		}
		return h.Issues(o)
	}}
	h.Create(t, Web, Lives("mydigicert", 12, RenewAt(80)))
	h.Shifted.Advance(time.Second)
	_, err := h.Worker.RunDue(t.Context())
	Must(t, err)
	if h.Made(t, Web) != 1 {
		t.Errorf("not asked again at once: %+v", h.Operation(t, Web))
	}
}

// An issuer that is edited while what the edit before set going still runs is looked
// at again: orders may have been tried in between.
func TestEditedWhileMending(t *testing.T) {
	t.Parallel()
	h, _ := Playing(t)
	l := h.Take(t, vault.JobMend, order.IssuerRef(Web.Vault, "mydigicert"))
	h.BeforeWrite(func() { h.SetIssuer(t, "another") })
	Must(t, h.Operator.Mend(t.Context(), l))
	if j := h.Job(t, vault.JobMend, l.Ref); j.Due.After(h.Clock.Now()) {
		t.Errorf("looked at again at %s", j.Due)
	}
	if n, err := h.Worker.RunDue(t.Context()); n != 1 || err != nil { // and then no more
		t.Errorf("%d jobs, %v", n, err)
	}
}
