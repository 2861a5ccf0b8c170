package stepca

import (
	"context"
	"strings"
	"testing"
	"time"

	"certwright/internal/challenge"
	"certwright/internal/clock"
	"certwright/internal/issuer/acme"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// hasty says that proofs can be seen before they are published, as a name
// server does that others have not caught up with.
type hasty struct {
	challenge.Solver
	kept  []challenge.Record
	blind func(age time.Duration) bool // when it sees that nothing is there; nil: never
}

func (h *hasty) Present(_ context.Context, r challenge.Record) error {
	h.kept = append(h.kept, r)
	return nil
}

func (h *hasty) Ready(_ context.Context, _ challenge.Record, presented, now time.Time) (bool, time.Duration, error) {
	return h.blind == nil || !h.blind(now.Sub(presented)), time.Minute, nil
}

// publish does what hasty did not, once.
func (h *hasty) publish(t *testing.T) {
	t.Helper()
	for _, r := range h.kept {
		must.Do(t, h.Solver.Present(t.Context(), r))
	}
	h.kept = nil
}

func (w *world) hasty(t *testing.T) (*acme.Issuer, *hasty) {
	t.Helper()
	solver, err := challenge.New(challenge.Settings{Kind: "rfc2136", Server: w.names.address, Zone: "test"}, challenge.Means{Clock: clock.Real{}})
	must.Do(t, err)
	h := &hasty{Solver: solver}
	i, err := acme.New(acme.Issuer{Name: "step-ca", Settings: acme.Settings{Directory: w.directory("acme"), CABundle: w.bundle}, Accounts: w.book, Solver: h})
	must.Do(t, err)
	return i, h
}

// An order that is followed, and what was heard of it.
type followed struct {
	vault.Progress
	notes, details string
	took           time.Duration
	steps          int
}

// follow takes an order to its end, each step twice, as if the first had not
// been saved; at is called after each with the notes so far.
func follow(t *testing.T, i *acme.Issuer, o vault.Order, at func(notes string)) (f followed) {
	t.Helper()
	began := o.Now
	for f.steps = range 200 {
		if _, err := i.Step(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		p, err := i.Step(t.Context(), o)
		must.Do(t, err)
		f.Progress, f.took = p, o.Now.Sub(began)
		f.notes += strings.Join(p.Notes, "\n") + "\n"
		f.details += p.Detail + "\n"
		if p.Chain != nil || p.Failure != nil {
			return f
		}
		at(f.notes)
		o.State, o.Now = p.State, o.Now.Add(max(p.Again, time.Second))
	}
	t.Fatalf("no end after 200 steps\n%s", f.notes)
	return f
}

const inVain = "the authority could not validate "

// step-ca leaves a dns-01 challenge that it looked at in vain pending, and looks
// again only when told to.
func (w *world) late(t *testing.T) {
	i, h := w.hasty(t)
	f := follow(t, i, w.order(t, "late.example.test", "late2.example.test"), func(notes string) {
		if strings.Count(notes, inVain+"late2.example.test") == 3 {
			h.publish(t)
		}
	})
	leafOf(t, f.Progress)
	for _, text := range []string{"(3 of 10)", "told to look again in 1m0s"} {
		if strings.Count(f.notes, text) != 2 {
			t.Errorf("%q is not said of both names:\n%s", text, f.notes)
		}
	}
	if !strings.Contains(f.details, "late.example.test; the authority said: There was a problem with a DNS query during identifier validation (dns))") || !strings.Contains(f.details, " It is told to look again at ") {
		t.Errorf("details:\n%s", f.details)
	}
	if f.took < 105*time.Second || f.took > 3*time.Minute || f.steps > 30 {
		t.Errorf("it took %v and %d steps", f.took, f.steps)
	}
}

// An authority that never sees it is told so often and no more. While we do not
// see it ourselves, it is not told.
func (w *world) never(t *testing.T) {
	for name, c := range map[string]struct {
		blind       func(time.Duration) bool
		least, most time.Duration
	}{
		"all the time":             {nil, 2 * time.Hour, 150 * time.Minute},
		"gone for most of an hour": {func(age time.Duration) bool { return age > time.Minute && age < time.Hour }, 170 * time.Minute, 200 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			i, h := w.hasty(t)
			h.blind = c.blind
			f := follow(t, i, w.order(t, "never.example.test"), func(string) {})
			want := "The authority could not validate never.example.test, and looked 11 times: There was a problem with a DNS query during identifier validation (dns)"
			if f.Failure == nil || *f.Failure != (vault.Failure{Code: vault.RequestRejected, Message: want}) {
				t.Errorf("failure %+v, want %q", f.Failure, want)
			}
			if n := strings.Count(f.notes, inVain); n != 10 || f.took < c.least || f.took > c.most {
				t.Errorf("%d looks in %v:\n%s", n, f.took, f.notes)
			}
			if told := strings.Contains(f.details, "(dns)). Waiting for the DNS record _acme-challenge.never.example.test to be seen"); told != (c.blind != nil) {
				t.Errorf("that it is gone is told: %t\n%s", told, f.details)
			}
		})
	}
}
