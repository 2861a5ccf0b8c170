package service_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"certwright/internal/service"
	"certwright/internal/vault"
)

// racing does something just before a GET takes the job of what it has read.
type racing struct {
	vault.Store
	before func()
}

func (r *racing) Take(ctx context.Context, k vault.JobKind, ref vault.Ref, now time.Time, d time.Duration) (vault.Lease, error) {
	if do := r.before; do != nil {
		r.before = nil
		do()
	}
	return r.Store.Take(ctx, k, ref, now, d)
}

// An operation that takes the place of the one that a GET has read keeps its job.
func TestGetLeavesTheJobOfAnother(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.create(t, web, policyOf("Self"))
	h.Store = &racing{Store: h.Store, before: func() {
		_, err := h.Certificates.DeleteOperation(t.Context(), nobody, web, "")
		must(t, err)
		h.create(t, web, policyOf("Self"))
	}}
	h.status(t, web)
	h.pass(t, time.Minute)
	if op := h.status(t, web); op.Status != vault.Completed {
		t.Errorf("the second operation is %s for ever", op.Status)
	}
}

// An order stays with the provider it was placed at, whatever its issuer is
// changed to: another one can neither read its state nor take it back, and an
// operator's approval was not given for it.
func TestOrderStaysWithItsProvider(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	first := &played{steps: []step{waits(vault.Progress{State: []byte("order 7"), Again: time.Hour}), h.issues}}
	second := &played{steps: []step{fails(errors.New("what is order 7?"))}}
	h.Orders.Issuers.Find = func(provider string) vault.Issuer {
		if strings.EqualFold(provider, "DigiCert") {
			return first
		}
		return second
	}
	h.issuer(t, "")
	h.create(t, web, policyOf("mydigicert"))
	h.pass(t, time.Minute)
	_, err := h.Issuers.Put(t.Context(), nobody, web.Vault, "mydigicert", service.IssuerInput{Provider: ptr("Other")})
	must(t, err)
	h.pass(t, 2*time.Hour)
	if op := h.status(t, web); op.Status != vault.Completed || len(second.asked) > 0 {
		t.Errorf("%s; the other provider was asked %d times", op.Status, len(second.asked))
	}
	if v := h.get(t, web).Version.Certificate; v.Provider != "DigiCert" {
		t.Errorf("made by %s", v.Provider)
	}

	first.steps = []step{waits(vault.Progress{State: []byte("order 8"), Again: time.Hour})}
	h.issuer(t, "")
	h.create(t, web, policyOf("mydigicert"))
	h.pass(t, time.Minute)
	_, err = h.Issuers.Put(t.Context(), nobody, web.Vault, "mydigicert", service.IssuerInput{Provider: ptr("Other")})
	must(t, err)
	_, err = h.Certificates.DeleteOperation(t.Context(), nobody, web, "")
	must(t, err)
	h.pass(t, time.Minute)
	if len(first.cancels) != 1 || len(second.cancels) > 0 {
		t.Errorf("taken back %d times where it is, %d times elsewhere", len(first.cancels), len(second.cancels))
	}
}

// An authority whose certificates end as soon as they begin to be of use does
// not have its account run empty.
func TestExpiredAtBirthIsNotRenewedAtOnce(t *testing.T) {
	t.Parallel()
	h, _ := bornLate(t, -2*time.Second)
	h.create(t, web, lives("mydigicert", 1, renew(80)))
	h.pass(t, time.Hour-time.Second)
	if n := h.made(t, web); n < 1 || n > 60 {
		t.Errorf("%d versions in an hour: %+v", n, h.status(t, web).Failure)
	}
}

// bornLate is a house whose issuer dates its certificates, of one month, so that
// they expired late ago.
func bornLate(t *testing.T, late time.Duration) (*house, *played) {
	t.Helper()
	h, p := playing(t)
	p.steps = []step{func(o vault.Order) (vault.Progress, error) {
		leaf, err := h.authority.Issue(o.CSR, 1, o.Now.AddDate(0, -1, 0).Add(-late))
		return vault.Progress{Chain: [][]byte{leaf, h.authority.Certificate}}, err
	}}
	return h, p
}

// What expired a minute ago completes no order; the message names the dates.
func TestExpiredIsNotDelivered(t *testing.T) {
	t.Parallel()
	h, _ := bornLate(t, time.Minute)
	h.create(t, web, lives("mydigicert", 1, renew(80)))
	h.pass(t, 2*time.Second)
	op := h.status(t, web)
	if op.Status != vault.Failed || op.Failure.Code != vault.IssuerFault || !strings.Contains(op.Failure.Message, "until 2026-11-22T11:59:00Z; it is now 2026-11-22T12:00:00Z") {
		t.Errorf("%s %+v", op.Status, op.Failure)
	}
}

// What an authority says is cut before it reaches the log, the history and the
// pending object, however much it is.
func TestTalkativeAuthority(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1<<20)
	notes := make([]string, 5000)
	for i := range notes {
		notes[i] = "line " + strings.Repeat("y", i%7)
	}
	notes[3] = long
	h, _ := playing(t, fails(errors.New(long)), fails(&vault.RetryError{After: time.Second, Err: errors.New(long)}),
		waits(vault.Progress{Notes: notes, Detail: long, Again: time.Hour}))
	said := &strings.Builder{}
	h.Log = slog.New(slog.NewTextHandler(said, nil))
	h.create(t, web, policyOf("mydigicert"))
	h.pass(t, 10*time.Minute)
	if said.Len() > 100_000 {
		t.Errorf("%d bytes in the log", said.Len())
	}
	wantNote(t, h.status(t, web), "more lines")
}

// A lease that ends in the midst of a step gives the order to another worker;
// the one that was late takes nothing back.
func TestLateWorkerTakesNothingBack(t *testing.T) {
	t.Parallel()
	h, p := playing(t)
	var other []vault.Lease
	p.steps = []step{func(vault.Order) (vault.Progress, error) {
		var err error
		other, err = h.Store.Claim(t.Context(), noon.Add(time.Hour), time.Now().Add(24*time.Hour), time.Minute, 1)
		return vault.Progress{State: []byte("order 9"), Again: time.Second}, err
	}, h.issues}
	h.create(t, web, policyOf("mydigicert"))
	l, err := h.Store.Take(t.Context(), vault.JobIssue, web, time.Now(), time.Minute)
	must(t, err)
	must(t, h.Orders.Issue(t.Context(), l))
	if len(other) != 1 {
		t.Fatalf("%d jobs for the other worker", len(other))
	}
	must(t, h.Orders.Issue(t.Context(), other[0]))
	h.pass(t, time.Minute)
	if op := h.status(t, web); op.Status != vault.Completed || len(p.cancels) > 0 {
		t.Errorf("%s; the order was cancelled %d times", op.Status, len(p.cancels))
	}
}

// What a step leaves behind while its order is already being taken back is
// taken back as well.
func TestTakenBackTwice(t *testing.T) {
	t.Parallel()
	h, p := playing(t)
	begun, going, ended := make(chan bool), make(chan bool), make(chan error)
	p.steps = []step{func(vault.Order) (vault.Progress, error) {
		close(begun)
		<-going
		return vault.Progress{State: []byte("order 9"), Again: time.Second}, nil
	}}
	p.cancel = func(o vault.Order) (vault.Progress, error) {
		if o.State == nil { // nothing is known of the order yet; the step ends now
			close(going)
			must(t, <-ended)
		}
		return vault.Progress{Cancelled: true}, nil
	}
	h.create(t, web, policyOf("mydigicert"))
	l, err := h.Store.Take(t.Context(), vault.JobIssue, web, time.Now(), time.Minute)
	must(t, err)
	go func() { ended <- h.Orders.Issue(t.Context(), l) }()
	<-begun
	_, err = h.Certificates.DeleteOperation(t.Context(), nobody, web, "")
	must(t, err)
	h.pass(t, time.Minute)
	if n := len(p.cancels); n != 2 || string(p.cancels[n-1].State) != "order 9" {
		t.Errorf("%d times taken back, last with %q", n, p.cancels[n-1].State)
	}
}

// A version is revoked by the provider that made it, whatever its issuer is
// changed to since.
func TestRevokedWhereItWasMade(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	revoked := map[string]int{}
	h.Orders.Issuers.Find = func(provider string) vault.Issuer {
		return &played{steps: []step{h.issues}, revoke: func(r vault.Revocation) error {
			revoked[provider]++
			if r.Password != "" {
				t.Errorf("%s is shown the password of another account", provider)
			}
			return nil
		}}
	}
	h.issuer(t, "")
	h.create(t, web, policyOf("mydigicert"))
	h.pass(t, time.Minute)
	_, err := h.Issuers.Put(t.Context(), nobody, web.Vault, "mydigicert", service.IssuerInput{Provider: ptr("Other"),
		Credentials: true, Password: ptr(vault.Hidden("opensesame"))})
	must(t, err)
	if _, err := h.Operator.Revoke(t.Context(), web, "", 0); err != nil || revoked["DigiCert"] != 1 || len(revoked) != 1 {
		t.Errorf("revoked at %v, %v", revoked, err)
	}
}

// A cancel does not wait for an issuer that wants to be left alone for hours.
func TestCancelDoesNotWaitForThePace(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]error{
		"paced": &vault.RetryError{After: 24 * time.Hour, Err: vault.ErrPaced},
		"busy":  &vault.RetryError{After: 24 * time.Hour, Err: errors.New("maintenance until tomorrow")},
	} {
		h, p := playing(t, waits(vault.Progress{State: []byte("order 9"), Again: time.Hour}))
		p.cancel = func(vault.Order) (vault.Progress, error) { return vault.Progress{}, after }
		h.create(t, web, policyOf("mydigicert"))
		h.pass(t, 10*time.Second)
		_, err := h.Certificates.UpdateOperation(t.Context(), nobody, web, "", true)
		must(t, err)
		h.pass(t, 2*time.Minute)
		if op := h.status(t, web); op.Status != vault.Cancelled {
			t.Errorf("%s: %s after two minutes", name, op.Status)
		}
	}
}
