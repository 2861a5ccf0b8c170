package order_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"certwright/internal/certs"
	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// An issuer out of reach is asked again and again; the order says so, goes on
// from its state, and never fails for it.
func TestIssuerOutOfReach(t *testing.T) {
	t.Parallel()
	down := errors.New("dial ca.example.test: connection refused (pwd hunter2)")
	steps := []Step{Waits(vault.Progress{State: []byte("placed"), Detail: "The order waits.", Again: time.Second})}
	for range 40 {
		steps = append(steps, Fails(down))
	}
	h, p := Playing(t, steps...)
	p.Limit = time.Hour
	h.Create(t, Web, Policy("mydigicert"))
	h.Pass(t, 24*time.Hour)
	op := h.Operation(t, Web)
	details, _ := op.Details()
	if op.Status != vault.InProgress || !strings.Contains(details, "connection refused") || !strings.Contains(details, "asked again at 2026-11-23T") {
		t.Errorf("%s %q", op.Status, details)
	}
	if strings.Contains(details+strings.Join(Texts(op), ""), "hunter2") {
		t.Error("the issuer's password is told")
	}
	last := p.Asked[len(p.Asked)-1]
	if string(last.State) != "placed" || last.Attempt < 20 || last.Password.Reveal() != "hunter2" {
		t.Errorf("asked with %+v", last)
	}
	if n := len(p.Asked); n < 20 || n > 50 { // 1 s doubling to 1 h, give or take a fifth
		t.Errorf("asked %d times in a day", n)
	}
	p.Steps = []Step{h.Issues}
	h.Pass(t, 2*time.Hour)
	if op = h.Operation(t, Web); op.Status != vault.Completed {
		t.Fatalf("%s after the issuer came back", op.Status)
	}
	WantNote(t, op, "order 9 is issued")
	WantNote(t, op, "Issued; version "+op.Target)
}

// A rate that is used up is no failed attempt, and nobody is told.
func TestIssuerPaced(t *testing.T) {
	t.Parallel()
	paced := Fails(&vault.RetryError{After: 5 * time.Second, Err: vault.ErrPaced})
	h, p := Playing(t, paced, paced)
	h.Create(t, Web, Policy("mydigicert"))
	h.Pass(t, 7*time.Second)
	if op := h.Operation(t, Web); op.Attempt != 0 || len(op.History) != 1 || op.Detail != "" || len(p.Asked) != 2 {
		t.Errorf("%d asked, %+v", len(p.Asked), op)
	}
}

// Whoever is held for long says by what and until when, in the pending object
// and the history, once for each time that it was told.
func TestHeldSaysSo(t *testing.T) {
	t.Parallel()
	held := Fails(&vault.RetryError{After: time.Hour, Err: vault.Paced("acme.test limits orders for a.test: too many, key hunter2")})
	h, p := Playing(t, held)
	h.Create(t, Web, Policy("mydigicert"))
	h.Pass(t, 10*time.Minute)
	op := h.Operation(t, Web)
	want := "The order waits until 2026-11-22T13:00:00Z: acme.test limits orders for a.test: too many, key [hidden]."
	if details, _ := op.Details(); details != want || op.Attempt != 0 || len(p.Asked) != 1 {
		t.Errorf("%d asked, attempt %d: %q", len(p.Asked), op.Attempt, details)
	}
	WantNote(t, op, want)
	h.Pass(t, time.Hour)
	op = h.Operation(t, Web)
	WantNote(t, op, "The order waits until 2026-11-22T14:00:00Z: ")
	if len(op.History) != 3 || len(p.Asked) != 2 {
		t.Errorf("%d asked: %q", len(p.Asked), Texts(op))
	}
}

// An authority that leaves an order waiting for too long ends it, and is told.
func TestPatienceEnds(t *testing.T) {
	t.Parallel()
	h, p := Playing(t, Waits(vault.Progress{State: []byte("placed"), Again: time.Hour}))
	p.Limit = 24 * time.Hour
	h.Create(t, Web, Policy("mydigicert"))
	h.Pass(t, 23*time.Hour)
	if op := h.Operation(t, Web); op.Status != vault.InProgress {
		t.Fatal(op.Status)
	}
	h.Pass(t, 2*time.Hour)
	op := h.Operation(t, Web)
	if op.Status != vault.Failed || op.Failure.Code != vault.IssuerFault || !strings.Contains(op.Failure.Message, "24h") {
		t.Errorf("%+v", op.Failure)
	}
	if len(p.Cancels) != 1 || string(p.Cancels[0].State) != "placed" || p.Cancels[0].ID != op.RequestID {
		t.Errorf("cancelled %d times", len(p.Cancels))
	}
}

// The time in which an issuer could not be asked is not counted against it, nor
// is an order called given up meanwhile: it goes on for as long as it takes.
func TestPatienceDoesNotCountOutages(t *testing.T) {
	t.Parallel()
	down := Fails(&vault.RetryError{After: time.Hour, Err: errors.New("connection refused")})
	limited := Fails(&vault.RetryError{After: time.Hour, Err: vault.Paced("the authority asks to come back later")})
	pending := Waits(vault.Progress{State: []byte("placed"), Again: time.Hour})
	until := func(h *House) time.Time {
		st, err := h.Operator.History(t.Context(), Web)
		Must(t, err)
		return st.Until
	}
	for name, out := range map[string]Step{"out of reach": down, "limited": limited} {
		h, p := Playing(t, pending)
		p.Limit = 24 * time.Hour
		created := h.Create(t, Web, Policy("mydigicert")).Created
		h.Pass(t, 5*time.Hour)
		if got := until(h); !got.Equal(created.Add(p.Limit)) {
			t.Errorf("%s: given up at %v", name, got)
		}
		p.Steps = []Step{out}
		h.Pass(t, 100*time.Hour)
		if got := until(h); !got.IsZero() {
			t.Errorf("%s: meanwhile given up at %v", name, got)
		}
		p.Steps = []Step{pending}
		h.Pass(t, 17*time.Hour)
		if op := h.Operation(t, Web); op.Status != vault.InProgress {
			t.Fatalf("%s: %s after %v, %+v", name, op.Status, 22*time.Hour, op.Failure)
		}
		if late := until(h).Sub(created.Add(124 * time.Hour)); late.Abs() > 2*time.Hour {
			t.Errorf("%s: given up at %v, %v off", name, until(h), late)
		}
		h.Pass(t, 5*time.Hour)
		if op := h.Operation(t, Web); op.Status != vault.Failed {
			t.Errorf("%s: %s at the end", name, op.Status)
		}
	}
}

// What an issuer delivers must be a chain of this key that is valid now.
func TestDeliveries(t *testing.T) {
	t.Parallel()
	other, err := certs.NewAuthority("Test Issuing CA", Noon)
	Must(t, err)
	for name, c := range map[string]struct {
		chain func(h *House, leaf []byte) [][]byte
		at    time.Time
		want  string // in the failure; "": completed
	}{
		"whole":         {func(h *House, leaf []byte) [][]byte { return [][]byte{leaf, h.Authority.Certificate} }, Noon, ""},
		"upside down":   {func(h *House, leaf []byte) [][]byte { return [][]byte{h.Authority.Certificate, leaf} }, Noon, ""},
		"leaf alone":    {func(_ *House, leaf []byte) [][]byte { return [][]byte{leaf} }, Noon, "incomplete"},
		"wrong issuer":  {func(_ *House, leaf []byte) [][]byte { return [][]byte{leaf, other.Certificate} }, Noon, "incomplete"},
		"another's key": {func(h *House, _ []byte) [][]byte { return [][]byte{h.Authority.Certificate} }, Noon, "does not belong"},
		"nothing":       {func(*House, []byte) [][]byte { return [][]byte{{1}} }, Noon, "does not belong"},
		"expired":       {func(h *House, leaf []byte) [][]byte { return [][]byte{leaf, h.Authority.Certificate} }, Noon.AddDate(-3, 0, 0), "not valid now"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, p := Playing(t)
			h.AuthorityFrom(t, Noon.AddDate(-4, 0, 0))
			p.Steps = []Step{func(o vault.Order) (vault.Progress, error) {
				leaf, err := h.Authority.Issue(o.CSR, 12, c.at)
				return vault.Progress{Chain: c.chain(h, leaf)}, err
			}}
			h.Create(t, Web, Policy("mydigicert"))
			h.Pass(t, 2*time.Second)
			op := h.Operation(t, Web)
			if c.want == "" {
				got := h.Latest(t, Web).Version.Certificate
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

// A public authority may change what it was asked for; the history tells.
func TestDifferencesAreNoted(t *testing.T) {
	t.Parallel()
	h, p := Playing(t)
	p.Steps = []Step{func(o vault.Order) (vault.Progress, error) {
		return h.Deliver(o.CSR, 1, o.Now)
	}}
	h.Create(t, Web, Policy("mydigicert"))
	h.Pass(t, time.Second)
	op := h.Operation(t, Web)
	if op.Status != vault.Completed {
		t.Fatal(op.Status)
	}
	WantNote(t, op, "made the validity 30 days, where the policy asks for 12 months")
}

// The next order of the same issuer is told what the version before was; that
// of another is not.
func TestPrevious(t *testing.T) {
	t.Parallel()
	h, p := Playing(t)
	p.Steps = []Step{h.Issues}
	again := func(issuer string) []byte {
		h.Create(t, Web, Policy(issuer))
		h.Pass(t, time.Second)
		return p.Asked[len(p.Asked)-1].Previous
	}
	if first := again("mydigicert"); first != nil {
		t.Errorf("the first order replaces %q", first)
	}
	if second := again("mydigicert"); string(second) != "order 9" {
		t.Errorf("the second order replaces %q", second)
	}
	_, err := h.Issuers.Put(t.Context(), Nobody, Web.Vault, "another", service.IssuerInput{Provider: new("DigiCert")})
	Must(t, err)
	if other := again("another"); other != nil {
		t.Errorf("another issuer's order replaces %q", other)
	}
}

// The log tells the steps of an order, and no password.
func TestOrdersInTheLog(t *testing.T) {
	t.Parallel()
	h, p := Playing(t, Fails(errors.New("refused hunter2")))
	text := h.Hear()
	h.Create(t, Web, Policy("mydigicert"))
	h.Pass(t, time.Second)
	p.Steps = []Step{h.Issues}
	h.Pass(t, time.Minute)
	for _, want := range []string{"issuer could not be asked", "refused [hidden]", "order 9 is issued", "state=completed", "certificate=Web"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the log has no %q:\n%s", want, text.String())
		}
	}
	if strings.Contains(text.String(), "hunter2") {
		t.Error("the log tells the issuer's password")
	}
}

// An order stays with the provider it was placed at, whatever its issuer is
// changed to: another one can neither read its state nor take it back, and an
// operator's approval was not given for it.
func TestOrderStaysWithItsProvider(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	first := &Played{Steps: []Step{Waits(vault.Progress{State: []byte("order 7"), Again: time.Hour}), h.Issues}}
	second := &Played{Steps: []Step{Fails(errors.New("what is order 7?"))}}
	h.Orders.Issuers.Find = func(provider string) vault.Issuer {
		if strings.EqualFold(provider, "DigiCert") {
			return first
		}
		return second
	}
	h.SetIssuer(t, "")
	h.Create(t, Web, Policy("mydigicert"))
	h.Pass(t, time.Minute)
	_, err := h.Issuers.Put(t.Context(), Nobody, Web.Vault, "mydigicert", service.IssuerInput{Provider: new("Other")})
	Must(t, err)
	h.Pass(t, 2*time.Hour)
	if op := h.Operation(t, Web); op.Status != vault.Completed || len(second.Asked) > 0 {
		t.Errorf("%s; the other provider was asked %d times", op.Status, len(second.Asked))
	}
	if v := h.Latest(t, Web).Version.Certificate; v.Provider != "DigiCert" {
		t.Errorf("made by %s", v.Provider)
	}

	first.Steps = []Step{Waits(vault.Progress{State: []byte("order 8"), Again: time.Hour})}
	h.SetIssuer(t, "")
	h.Create(t, Web, Policy("mydigicert"))
	h.Pass(t, time.Minute)
	_, err = h.Issuers.Put(t.Context(), Nobody, Web.Vault, "mydigicert", service.IssuerInput{Provider: new("Other")})
	Must(t, err)
	h.DeleteOperation(t, Web)
	h.Pass(t, time.Minute)
	if len(first.Cancels) != 1 || len(second.Cancels) > 0 {
		t.Errorf("taken back %d times where it is, %d times elsewhere", len(first.Cancels), len(second.Cancels))
	}
}

// What expired a minute ago completes no order; the message names the dates.
func TestExpiredIsNotDelivered(t *testing.T) {
	t.Parallel()
	h, p := Playing(t)
	p.Steps = []Step{func(o vault.Order) (vault.Progress, error) {
		return h.Deliver(o.CSR, 1, o.Now.AddDate(0, -1, 0).Add(-time.Minute))
	}}
	h.Create(t, Web, Lives("mydigicert", 1, RenewAt(80)))
	h.Pass(t, 2*time.Second)
	op := h.Operation(t, Web)
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
	h, _ := Playing(t, Fails(errors.New(long)), Fails(&vault.RetryError{After: time.Second, Err: errors.New(long)}),
		Waits(vault.Progress{Notes: notes, Detail: long, Again: time.Hour}))
	said := h.Hear()
	h.Create(t, Web, Policy("mydigicert"))
	h.Pass(t, 10*time.Minute)
	if said.Len() > 100_000 {
		t.Errorf("%d bytes in the log", said.Len())
	}
	WantNote(t, h.Operation(t, Web), "more lines")
}
