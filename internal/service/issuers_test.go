package service_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/internal/certs"
	"certwright/internal/service"
	"certwright/internal/vault"
)

// A played issuer answers steps one after the other; the last answer stands.
type played struct {
	mu       sync.Mutex
	steps    []func(o vault.Order) (vault.Progress, error)
	cancel   func(o vault.Order) (vault.Progress, error)
	revoke   func(r vault.Revocation) error
	patience time.Duration
	asked    []vault.Order
	cancels  []vault.Order
}

func (p *played) Step(_ context.Context, o vault.Order) (vault.Progress, error) {
	p.mu.Lock()
	p.asked = append(p.asked, o)
	step := p.steps[0]
	if len(p.steps) > 1 {
		p.steps = p.steps[1:]
	}
	p.mu.Unlock()
	return step(o)
}

func (p *played) Cancel(_ context.Context, o vault.Order) (vault.Progress, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cancels = append(p.cancels, o)
	if p.cancel == nil {
		return vault.Progress{Cancelled: true}, nil
	}
	return p.cancel(o)
}

func (p *played) PendingLimit() time.Duration { return p.patience }

func (p *played) Revoke(_ context.Context, r vault.Revocation) error { return p.revoke(r) }

type step = func(o vault.Order) (vault.Progress, error)

func waits(p vault.Progress) step {
	return func(vault.Order) (vault.Progress, error) { return p, nil }
}

func fails(err error) step {
	return func(vault.Order) (vault.Progress, error) { return vault.Progress{}, err }
}

// playing is a house whose issuer mydigicert answers as told.
func playing(t *testing.T, steps ...step) (*house, *played) {
	t.Helper()
	h := newHouse(t)
	p := &played{steps: steps}
	h.Orders.Issuers.Find = func(string) vault.Issuer { return p }
	h.issuer(t, "")
	return h, p
}

func (h *house) issues(o vault.Order) (vault.Progress, error) {
	leaf, err := h.authority.Issue(o.CSR, 12, o.Now)
	return vault.Progress{Chain: [][]byte{leaf, h.authority.Certificate}, Ref: []byte("order 9"), Notes: []string{"order 9 is issued"}}, err
}

func texts(op vault.Operation) (all []string) {
	for _, n := range op.History {
		all = append(all, n.Text)
	}
	return all
}

func wantNote(t *testing.T, op vault.Operation, part string) {
	t.Helper()
	if !strings.Contains(strings.Join(texts(op), "\n"), part) {
		t.Errorf("history %q has no %q", texts(op), part)
	}
}

// An issuer out of reach is asked again and again; the order says so, goes on
// from its state, and never fails for it.
func TestIssuerOutOfReach(t *testing.T) {
	t.Parallel()
	down := errors.New("dial ca.example.test: connection refused (pwd hunter2)")
	steps := []step{waits(vault.Progress{State: []byte("placed"), Detail: "The order waits.", Again: time.Second})}
	for range 40 {
		steps = append(steps, fails(down))
	}
	h, p := playing(t, steps...)
	p.patience = time.Hour
	h.create(t, web, policyOf("mydigicert"))
	h.pass(t, 24*time.Hour)
	op := h.status(t, web)
	details, _ := op.Details()
	if op.Status != vault.InProgress || !strings.Contains(details, "connection refused") || !strings.Contains(details, "asked again at 2026-11-23T") {
		t.Errorf("%s %q", op.Status, details)
	}
	if strings.Contains(details+strings.Join(texts(op), ""), "hunter2") {
		t.Error("the issuer's password is told")
	}
	last := p.asked[len(p.asked)-1]
	if string(last.State) != "placed" || last.Attempt < 20 || last.Password.Reveal() != "hunter2" {
		t.Errorf("asked with %+v", last)
	}
	if n := len(p.asked); n < 20 || n > 50 { // 1 s doubling to 1 h, give or take a fifth
		t.Errorf("asked %d times in a day", n)
	}
	p.steps = []step{h.issues}
	h.pass(t, 2*time.Hour)
	if op = h.status(t, web); op.Status != vault.Completed {
		t.Fatalf("%s after the issuer came back", op.Status)
	}
	wantNote(t, op, "order 9 is issued")
	wantNote(t, op, "Issued; version "+op.Target)
}

// A rate that is used up is no failed attempt, and nobody is told.
func TestIssuerPaced(t *testing.T) {
	t.Parallel()
	paced := fails(&vault.RetryError{After: 5 * time.Second, Err: vault.ErrPaced})
	h, p := playing(t, paced, paced)
	h.create(t, web, policyOf("mydigicert"))
	h.pass(t, 7*time.Second)
	if op := h.status(t, web); op.Attempt != 0 || len(op.History) != 1 || op.Detail != "" || len(p.asked) != 2 {
		t.Errorf("%d asked, %+v", len(p.asked), op)
	}
}

// Whoever is held for long says by what and until when, in the pending object
// and the history, once for each time that it was told.
func TestHeldSaysSo(t *testing.T) {
	t.Parallel()
	held := fails(&vault.RetryError{After: time.Hour, Err: vault.Paced("acme.test limits orders for a.test: too many, key hunter2")})
	h, p := playing(t, held)
	h.create(t, web, policyOf("mydigicert"))
	h.pass(t, 10*time.Minute)
	op := h.status(t, web)
	want := "The order waits until 2026-11-22T13:00:00Z: acme.test limits orders for a.test: too many, key [hidden]."
	if details, _ := op.Details(); details != want || op.Attempt != 0 || len(p.asked) != 1 {
		t.Errorf("%d asked, attempt %d: %q", len(p.asked), op.Attempt, details)
	}
	wantNote(t, op, want)
	h.pass(t, time.Hour)
	op = h.status(t, web)
	wantNote(t, op, "The order waits until 2026-11-22T14:00:00Z: ")
	if len(op.History) != 3 || len(p.asked) != 2 {
		t.Errorf("%d asked: %q", len(p.asked), texts(op))
	}
}

// An authority that leaves an order waiting for too long ends it, and is told.
func TestPatienceEnds(t *testing.T) {
	t.Parallel()
	h, p := playing(t, waits(vault.Progress{State: []byte("placed"), Again: time.Hour}))
	p.patience = 24 * time.Hour
	h.create(t, web, policyOf("mydigicert"))
	h.pass(t, 23*time.Hour)
	if op := h.status(t, web); op.Status != vault.InProgress {
		t.Fatal(op.Status)
	}
	h.pass(t, 2*time.Hour)
	op := h.status(t, web)
	if op.Status != vault.Failed || op.Failure.Code != vault.IssuerFault || !strings.Contains(op.Failure.Message, "24h") {
		t.Errorf("%+v", op.Failure)
	}
	if len(p.cancels) != 1 || string(p.cancels[0].State) != "placed" || p.cancels[0].ID != op.RequestID {
		t.Errorf("cancelled %d times", len(p.cancels))
	}
}

// The time in which an issuer could not be asked is not counted against it, nor
// is an order called given up meanwhile: it goes on for as long as it takes.
func TestPatienceDoesNotCountOutages(t *testing.T) {
	t.Parallel()
	down := fails(&vault.RetryError{After: time.Hour, Err: errors.New("connection refused")})
	limited := fails(&vault.RetryError{After: time.Hour, Err: vault.Paced("the authority asks to come back later")})
	pending := waits(vault.Progress{State: []byte("placed"), Again: time.Hour})
	until := func(h *house) time.Time {
		st, err := h.Operator.History(t.Context(), web)
		must(t, err)
		return st.Until
	}
	for name, out := range map[string]step{"out of reach": down, "limited": limited} {
		h, p := playing(t, pending)
		p.patience = 24 * time.Hour
		created := h.create(t, web, policyOf("mydigicert")).Created
		h.pass(t, 5*time.Hour)
		if got := until(h); !got.Equal(created.Add(p.patience)) {
			t.Errorf("%s: given up at %v", name, got)
		}
		p.steps = []step{out}
		h.pass(t, 100*time.Hour)
		if got := until(h); !got.IsZero() {
			t.Errorf("%s: meanwhile given up at %v", name, got)
		}
		p.steps = []step{pending}
		h.pass(t, 17*time.Hour)
		if op := h.status(t, web); op.Status != vault.InProgress {
			t.Fatalf("%s: %s after %v, %+v", name, op.Status, 22*time.Hour, op.Failure)
		}
		if late := until(h).Sub(created.Add(124 * time.Hour)); late.Abs() > 2*time.Hour {
			t.Errorf("%s: given up at %v, %v off", name, until(h), late)
		}
		h.pass(t, 5*time.Hour)
		if op := h.status(t, web); op.Status != vault.Failed {
			t.Errorf("%s: %s at the end", name, op.Status)
		}
	}
}

// What an issuer delivers must be a chain of this key that is valid now.
func TestDeliveries(t *testing.T) {
	t.Parallel()
	other, err := certs.NewAuthority("Test Issuing CA", noon)
	must(t, err)
	for name, c := range map[string]struct {
		chain func(h *house, leaf []byte) [][]byte
		at    time.Time
		want  string // in the failure; "": completed
	}{
		"whole":         {func(h *house, leaf []byte) [][]byte { return [][]byte{leaf, h.authority.Certificate} }, noon, ""},
		"upside down":   {func(h *house, leaf []byte) [][]byte { return [][]byte{h.authority.Certificate, leaf} }, noon, ""},
		"leaf alone":    {func(_ *house, leaf []byte) [][]byte { return [][]byte{leaf} }, noon, "incomplete"},
		"wrong issuer":  {func(_ *house, leaf []byte) [][]byte { return [][]byte{leaf, other.Certificate} }, noon, "incomplete"},
		"another's key": {func(h *house, _ []byte) [][]byte { return [][]byte{h.authority.Certificate} }, noon, "does not belong"},
		"nothing":       {func(*house, []byte) [][]byte { return [][]byte{{1}} }, noon, "does not belong"},
		"expired":       {func(h *house, leaf []byte) [][]byte { return [][]byte{leaf, h.authority.Certificate} }, noon.AddDate(-3, 0, 0), "not valid now"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, p := playing(t)
			h.authority.Certificate = h.authorityFrom(t, noon.AddDate(-4, 0, 0))
			p.steps = []step{func(o vault.Order) (vault.Progress, error) {
				leaf, err := h.authority.Issue(o.CSR, 12, c.at)
				return vault.Progress{Chain: c.chain(h, leaf)}, err
			}}
			h.create(t, web, policyOf("mydigicert"))
			h.pass(t, 2*time.Second)
			op := h.status(t, web)
			if c.want == "" {
				got := h.get(t, web).Version.Certificate
				if op.Status != vault.Completed || len(got.Chain) != 2 || !bytes.Equal(got.Chain[0], got.Leaf) || got.IssuerName != "mydigicert" || got.Provider != "DigiCert" {
					t.Errorf("%s, %d certificates by %q", op.Status, len(got.Chain), got.IssuerName)
				}
				return
			}
			if op.Status != vault.Failed || op.Failure.Code != vault.IssuerFault || !strings.Contains(op.Failure.Message, c.want) {
				t.Errorf("%s %+v", op.Status, op.Failure)
			}
		})
	}
}

// authorityFrom makes the house's authority an older one.
func (h *house) authorityFrom(t *testing.T, at time.Time) []byte {
	t.Helper()
	a, err := certs.NewAuthority("Test Issuing CA", at)
	must(t, err)
	h.authority = a
	return a.Certificate
}

// A public authority may change what it was asked for; the history tells.
func TestDifferencesAreNoted(t *testing.T) {
	t.Parallel()
	h, p := playing(t)
	p.steps = []step{func(o vault.Order) (vault.Progress, error) {
		leaf, err := h.authority.Issue(o.CSR, 1, o.Now)
		return vault.Progress{Chain: [][]byte{leaf, h.authority.Certificate}}, err
	}}
	h.create(t, web, policyOf("mydigicert"))
	h.pass(t, time.Second)
	op := h.status(t, web)
	if op.Status != vault.Completed {
		t.Fatal(op.Status)
	}
	wantNote(t, op, "made the validity 30 days, where the policy asks for 12 months")
}

// An operator's word goes to the issuer with the next step, which is at once.
func TestApproval(t *testing.T) {
	t.Parallel()
	for _, approved := range []bool{true, false} {
		h, p := playing(t)
		p.steps = []step{func(o vault.Order) (vault.Progress, error) {
			switch {
			case o.Approval == nil:
				return vault.Progress{Asks: true, Detail: "The order waits for an operator.", Again: 30 * 24 * time.Hour}, nil
			case o.Approval.Approved:
				return h.issues(o)
			}
			return vault.Progress{Failure: &vault.Failure{Code: vault.RequestRejected, Message: o.Approval.Message}}, nil
		}}
		h.create(t, web, policyOf("mydigicert"))
		_, err := h.Operator.Decide(t.Context(), web, "", approved, "no reason")
		refused(t, err, vault.Conflict, "Conflict") // it has not asked yet
		h.pass(t, time.Minute)
		ops, next, err := h.Operator.Underway(t.Context(), web.Vault, vault.Ref{}, 10)
		must(t, err)
		if len(ops) != 1 || !ops[0].Asks || next != (vault.Ref{}) {
			t.Fatalf("%+v", ops)
		}
		if details, _ := ops[0].Details(); details != "The order waits for an operator." {
			t.Error(details)
		}
		_, err = h.Operator.Decide(t.Context(), web, "0123", approved, "")
		refused(t, err, vault.NotFound, "PendingCertificateNotFound")
		_, err = h.Operator.Decide(t.Context(), web, ops[0].RequestID, approved, "no reason")
		must(t, err)
		_, err = h.Operator.Decide(t.Context(), web, "", !approved, "")
		refused(t, err, vault.Conflict, "Conflict") // once is enough
		h.pass(t, time.Second)
		op := h.status(t, web)
		if want := map[bool]vault.Status{true: vault.Completed, false: vault.Failed}[approved]; op.Status != want {
			t.Errorf("%s, want %s", op.Status, want)
		}
		wantNote(t, op, "by an operator: no reason")
		if !approved && op.Failure.Message != "no reason" {
			t.Errorf("%+v", op.Failure)
		}
	}
}

// A cancel that cannot be told to the issuer holds nobody up for long; the
// issuer hears of it when it is back.
func TestCancelOutOfReach(t *testing.T) {
	t.Parallel()
	h, p := playing(t, waits(vault.Progress{State: []byte("placed"), Again: time.Hour}))
	down := errors.New("connection refused")
	p.cancel = func(vault.Order) (vault.Progress, error) { return vault.Progress{}, down }
	h.create(t, web, policyOf("mydigicert"))
	h.pass(t, time.Second)
	_, err := h.Certificates.UpdateOperation(t.Context(), nobody, web, "", true)
	must(t, err)
	h.pass(t, 30*time.Second)
	if op := h.status(t, web); op.Status != vault.InProgress || len(p.cancels) > 8 {
		t.Fatalf("%s after %d tries", op.Status, len(p.cancels))
	}
	h.pass(t, 3*time.Minute)
	if op := h.status(t, web); op.Status != vault.Cancelled {
		t.Fatal(op.Status)
	}
	p.cancel = nil
	before := len(p.cancels)
	h.pass(t, 2*time.Hour)
	if len(p.cancels) != before+1 || string(p.cancels[before].State) != "placed" {
		t.Errorf("%d cancels after it came back", len(p.cancels)-before)
	}
}

// Whoever deletes the pending operation, or the certificate, takes the order back.
func TestDeleteTakesBack(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(*house) error{
		"operation": func(h *house) error {
			_, err := h.Certificates.DeleteOperation(t.Context(), nobody, web, "")
			return err
		},
		"certificate": func(h *house) error {
			_, err := h.Delete(t.Context(), nobody, web)
			return err
		},
	} {
		h, p := playing(t, waits(vault.Progress{State: []byte("placed"), Again: time.Hour}))
		op := h.create(t, web, policyOf("mydigicert"))
		h.pass(t, time.Second)
		must(t, remove(h))
		h.pass(t, time.Second)
		if len(p.cancels) != 1 || string(p.cancels[0].State) != "placed" || p.cancels[0].ID != op.RequestID || !p.cancels[0].CancelRequested {
			t.Errorf("%s: %d cancels", name, len(p.cancels))
		}
		h.pass(t, 10*24*time.Hour)
		if len(p.cancels) != 1 || len(p.asked) != 1 {
			t.Errorf("%s: something goes on: %d cancels, %d steps", name, len(p.cancels), len(p.asked))
		}
	}
}

// What a step starts at the issuer while its operation is deleted is taken back.
func TestDeleteDuringAStep(t *testing.T) {
	t.Parallel()
	h, p := playing(t)
	p.steps = []step{func(vault.Order) (vault.Progress, error) {
		_, err := h.Certificates.DeleteOperation(t.Context(), nobody, web, "")
		return vault.Progress{State: []byte("placed just now"), Again: time.Hour}, err
	}}
	h.create(t, web, policyOf("mydigicert"))
	h.pass(t, time.Minute)
	if n := len(p.cancels); n == 0 || string(p.cancels[n-1].State) != "placed just now" {
		t.Fatalf("%d cancels: %+v", n, p.cancels)
	}
}

// Revocation goes to the issuer that made the version, and only there.
func TestRevoke(t *testing.T) {
	t.Parallel()
	h, p := playing(t)
	p.steps = []step{h.issues}
	var got vault.Revocation
	answer := error(nil)
	p.revoke = func(r vault.Revocation) error { got = r; return answer }
	_, err := h.Operator.Revoke(t.Context(), web, "", 1)
	refused(t, err, vault.NotFound, "CertificateNotFound")
	h.create(t, web, policyOf("mydigicert"))
	_, err = h.Operator.Revoke(t.Context(), web, "", 1)
	refused(t, err, vault.Conflict, "Conflict")
	h.pass(t, time.Second)
	v, err := h.Operator.Revoke(t.Context(), web, "", 1)
	must(t, err)
	if got.Reason != 1 || string(got.Ref) != "order 9" || !bytes.Equal(got.Chain[0], v.Certificate.Leaf) || got.Issuer.Name != "mydigicert" || got.Password.Reveal() != "hunter2" {
		t.Errorf("%+v", got)
	}
	answer = errors.New("dial: refused with hunter2")
	_, err = h.Operator.Revoke(t.Context(), web, "", 1)
	refused(t, err, vault.Unavailable, "IssuerUnavailable")
	if strings.Contains(err.Error(), "hunter2") {
		t.Error("the issuer's password is told")
	}
	answer = vault.NotRevocable("the authority does not know it.")
	_, err = h.Operator.Revoke(t.Context(), web, "", 1)
	refused(t, err, vault.Conflict, "Conflict")
	own := vault.Ref{Vault: web.Vault, Kind: vault.Certificates, Name: "own"}
	h.create(t, own, policyOf("Self"))
	h.status(t, own)
	_, err = h.Operator.Revoke(t.Context(), own, "", 1)
	refused(t, err, vault.Conflict, "Conflict")
}

// The next order of the same issuer is told what the version before was; that
// of another is not.
func TestPrevious(t *testing.T) {
	t.Parallel()
	h, p := playing(t)
	p.steps = []step{h.issues}
	again := func(issuer string) []byte {
		h.create(t, web, policyOf(issuer))
		h.pass(t, time.Second)
		return p.asked[len(p.asked)-1].Previous
	}
	if first := again("mydigicert"); first != nil {
		t.Errorf("the first order replaces %q", first)
	}
	if second := again("mydigicert"); string(second) != "order 9" {
		t.Errorf("the second order replaces %q", second)
	}
	_, err := h.Issuers.Put(t.Context(), nobody, web.Vault, "another", service.IssuerInput{Provider: ptr("DigiCert")})
	must(t, err)
	if other := again("another"); other != nil {
		t.Errorf("another issuer's order replaces %q", other)
	}
}

// The log tells the steps of an order, and no password.
func TestOrdersInTheLog(t *testing.T) {
	t.Parallel()
	h, p := playing(t, fails(errors.New("refused hunter2")))
	var text bytes.Buffer
	h.Log = slog.New(slog.NewTextHandler(&text, nil))
	h.create(t, web, policyOf("mydigicert"))
	h.pass(t, time.Second)
	p.steps = []step{h.issues}
	h.pass(t, time.Minute)
	for _, want := range []string{"issuer could not be asked", "refused [hidden]", "order 9 is issued", "state=completed", "certificate=Web"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the log has no %q:\n%s", want, text.String())
		}
	}
	if strings.Contains(text.String(), "hunter2") {
		t.Error("the log tells the issuer's password")
	}
}
