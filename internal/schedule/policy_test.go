package schedule_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"certwright/internal/policy"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// A number of days that the certificate does not live renews at two thirds,
// not for ever.
func TestTriggerBeyondTheLifetime(t *testing.T) {
	t.Parallel()
	h, p := Playing(t)
	p.Steps = []Step{h.Issues}
	h.Create(t, Web, Lives("mydigicert", 1, RenewBefore(27)))
	p.Steps = []Step{func(o vault.Order) (vault.Progress, error) { // shorter than asked, as public authorities do
		return h.Deliver(o.CSR, 1, o.Now.Add(-20*Day))
	}}
	h.AuthorityFrom(t, Noon.AddDate(-1, 0, 0))
	h.Pass(t, 365*Day)
	if n := len(p.Asked); n < 12 || n > 60 { // ten days each, two thirds of it
		t.Errorf("asked %d times in a year", n)
	}
}

// An edit of the policy takes effect at once; on its own it issues nothing.
func TestPolicyEdit(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.Create(t, Web, Lives("Self", 12, RenewAt(80)))
	h.Pass(t, 100*Day)
	edit := func(actions ...vault.LifetimeAction) {
		h.EditPolicy(t, Web, policy.Patch{Lifetime: &actions})
		h.Pass(t, time.Minute)
	}
	edit(RenewAt(90))
	edit(RenewAt(50))
	if n := h.Made(t, Web); n != 1 {
		t.Fatalf("%d versions after edits", n)
	}
	edit(RenewAt(20))
	if n := h.Made(t, Web); n != 2 {
		t.Errorf("%d versions, want the second at once", n)
	}
}

// What failed by the old policy is tried at once by the new one.
func TestPolicyEditMendsARenewal(t *testing.T) {
	t.Parallel()
	h, p := Renewing(t)
	h.Pass(t, Day)
	p.Steps = []Step{Waits(Refusal)}
	h.Pass(t, 300*Day)
	tries := len(p.Asked)
	p.Steps = []Step{h.Issues}
	h.EditPolicy(t, Web, policy.Patch{X509: &policy.X509Patch{Subject: new("CN=other.example.test")}})
	h.Pass(t, time.Minute)
	if h.Made(t, Web) != 2 {
		t.Errorf("not renewed after the edit; asked %d times before", tries)
	}
}

// The issuer's suggestion pulls a renewal forward.
func TestSuggestionIsFollowed(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	p := &suggesting{Played: &Played{}, window: vault.Suggestion{Start: Noon.Add(40 * Day), End: Noon.Add(41 * Day), Again: 6 * time.Hour}}
	p.Steps = []Step{h.Issues}
	h.SetProvider(p)
	h.SetIssuer(t, "")
	h.Create(t, Web, Lives("mydigicert", 12, RenewAt(80)))
	h.Pass(t, 39*Day)
	if n := h.Made(t, Web); n != 1 {
		t.Fatalf("%d versions before the window", n)
	}
	h.Pass(t, 3*Day)
	if n := h.Made(t, Web); n != 2 {
		t.Errorf("%d versions after the window", n)
	}
}

// An issuer that cannot be asked for its suggestion is asked again, no more than
// once an hour and not before it wants to be; meanwhile the policy decides.
func TestSuggestionOutOfReach(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	log := h.Hear()
	month := func(o vault.Order) (vault.Progress, error) { return h.Deliver(o.CSR, 1, o.Now) }
	p := &suggesting{Played: &Played{Steps: []Step{month}}, err: errors.New("no route, key hunter2")}
	h.SetProvider(p)
	h.SetIssuer(t, "")
	h.Create(t, Web, Lives("mydigicert", 1, RenewAt(80)))
	h.Pass(t, Day)
	if p.asked < 5 || p.asked > 24 {
		t.Errorf("asked %d times in a day", p.asked)
	}
	p.err = &vault.RetryError{After: 12 * time.Hour, Err: p.err}
	if said := log.String(); !strings.Contains(said, "issuer could not be asked when to renew") || strings.Contains(said, "hunter2") {
		t.Errorf("the log: %s", said)
	}
	h.Pass(t, 27*Day)
	if n := h.Made(t, Web); n != 2 || p.asked > 24+2*27+2 {
		t.Errorf("%d versions, want the second at 80 percent; asked %d times", n, p.asked)
	}
}

type suggesting struct {
	*Played
	window vault.Suggestion
	about  []byte // the leaf first asked about
	err    error  // it cannot be asked
	asked  int
}

func (s *suggesting) Suggest(_ context.Context, i vault.Issued) (vault.Suggestion, error) {
	s.asked++
	if s.err != nil {
		return vault.Suggestion{}, s.err
	}
	if len(i.Chain) != 2 || string(i.Ref) != "order 9" {
		return vault.Suggestion{}, errors.New("asked about something else")
	}
	if s.about == nil {
		s.about = i.Chain[0]
	}
	if !bytes.Equal(s.about, i.Chain[0]) {
		return vault.Suggestion{}, vault.ErrNotFound
	}
	return s.window, nil
}

// A due time between two seconds is met at the next one: with a clock that
// stands still nothing is looked at for ever.
func TestDueBetweenSeconds(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.Settings = func(name string) vault.Settings {
		s := vault.DefaultSettings(name)
		s.RenewSpread = 6 * time.Hour // which is no whole number of seconds
		return s
	}
	h.Create(t, Web, Lives("Self", 1, RenewAt(80)))
	h.Operation(t, Web)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	Must(t, h.Advance(ctx, 30*Day))
	if n := h.Made(t, Web); n != 2 {
		t.Errorf("%d versions, want 2", n)
	}
}
