package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"certwright/internal/clock"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

// Everything is delivered once, in order, and nothing is left to do.
func TestDeliver(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	h := newHouse(t, sqltest.Open(t), map[string]Sink{"s": s})
	var want []string
	for _, m := range many(maxSends + 5) { // more than one run
		want = append(want, m.ID)
	}
	h.tell(t, many(maxSends+5)...)
	h.settle(t)
	if diff := cmp.Diff(want, s.ids()); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	h.count(t, "s", 0, maxSends+5, 0)
	if got := h.rows(t, "s", vault.Delivered)[0]; got.Tries != 1 || got.Error != "" || !got.Due.IsZero() {
		t.Errorf("a delivered row: %+v", got)
	}
	err := h.Store.View(t.Context(), func(r vault.Reader) error { _, err := r.NextDue(noon.Add(999 * time.Hour)); return err })
	if !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("a job is left: %v", err)
	}
}

// The documented back-off, to the minute, then a dead letter; then again by a
// person's word.
func TestBackOff(t *testing.T) {
	t.Parallel()
	var h *house
	var at []string
	s := &shelf{}
	s.say = func(vault.Message) error {
		at = append(at, h.Clock.Now().Sub(noon).String())
		return errors.New("the receiver\r\nis \x00away")
	}
	h = newHouse(t, sqltest.Open(t), map[string]Sink{"s": s})
	h.tell(t, event(1))
	h.pass(t, 30*24*time.Hour)
	want := []string{"0s", "1m0s", "6m0s", "21m0s", "1h21m0s", "5h21m0s", "13h21m0s", "21h21m0s", "29h21m0s", "37h21m0s", "45h21m0s", "53h21m0s", "61h21m0s", "69h21m0s"}
	if diff := cmp.Diff(want, at); diff != "" {
		t.Errorf("tries (-want +got):\n%s", diff)
	}
	h.count(t, "s", 0, 0, 1)
	dead, err := h.Dead(t.Context(), 0, 10)
	if err != nil || len(dead) != 1 || dead[0].Error != "the receiver is away" || dead[0].Tries != maxTries || dead[0].ID != event(1).ID {
		t.Fatalf("dead: %+v %v", dead, err)
	}

	var e *vault.Error
	if err := h.Resend(t.Context(), dead[0].Seq+1); !errors.As(err, &e) || e.Reason != vault.NotFound {
		t.Errorf("resend of another: %v", err)
	}
	s.say = nil
	must.Do(t, h.Resend(t.Context(), dead[0].Seq))
	if err := h.Resend(t.Context(), dead[0].Seq); !errors.As(err, &e) {
		t.Errorf("resend of what is queued: %v", err)
	}
	h.settle(t)
	h.count(t, "s", 0, 1, 0)
}

// A refusal for good is a dead letter at once; what a receiver asks for is waited.
func TestRefusedAndAsked(t *testing.T) {
	t.Parallel()
	s := &shelf{say: func(m vault.Message) error {
		switch m.ID {
		case event(1).ID:
			return &Refused{"never"}
		case event(2).ID:
			return fmt.Errorf("wrapped: %w", &vault.RetryError{After: 42 * time.Minute, Err: errors.New("later")})
		}
		return nil
	}}
	h := newHouse(t, sqltest.Open(t), map[string]Sink{"s": s})
	h.tell(t, many(4)...)
	h.settle(t)
	h.count(t, "s", 1, 2, 1)
	if got := h.rows(t, "s", vault.Queued)[0]; !got.Due.Equal(noon.Add(42*time.Minute)) || got.Tries != 1 {
		t.Errorf("asked to wait: %+v", got)
	}
}

// A receiver whose rate is used up is left alone, and nothing counts as a try.
func TestPaced(t *testing.T) {
	t.Parallel()
	s := &shelf{say: func(vault.Message) error { return &vault.RetryError{After: 3 * time.Minute, Err: vault.ErrPaced} }}
	h := newHouse(t, sqltest.Open(t), map[string]Sink{"s": s})
	h.tell(t, event(1))
	h.tell(t, event(2))
	h.settle(t)
	if got := h.rows(t, "s", vault.Queued); len(s.sent) != 1 || got[0].Tries != 0 || got[0].Error != "" {
		t.Errorf("%d sent, rows %v", len(s.sent), errorsOf(got))
	}
	s.say = nil
	h.pass(t, 2*time.Minute)
	h.count(t, "s", 2, 0, 0)
	h.pass(t, time.Minute)
	h.count(t, "s", 0, 2, 0)
}

// Poisonous messages hold up nobody: the others go around them.
func TestPoison(t *testing.T) {
	t.Parallel()
	s := &shelf{say: func(m vault.Message) error {
		if strings.HasSuffix(m.Ref.Name, "0") {
			return errors.New("cannot stand this one")
		}
		return nil
	}}
	h := newHouse(t, sqltest.Open(t), map[string]Sink{"s": s})
	h.tell(t, many(50)...)
	h.settle(t)
	h.pass(t, 10*time.Minute)
	h.count(t, "s", 5, 45, 0)
	h.pass(t, 4*24*time.Hour)
	h.count(t, "s", 0, 45, 5)
	if n, err := h.ResendAll(t.Context(), "s"); n != 5 || err != nil {
		t.Errorf("resent %d %v", n, err)
	}
	s.say = nil
	h.settle(t)
	h.count(t, "s", 0, 50, 0)
}

// A sink that is down is not asked for every message; when it is back, all of
// them arrive, each once.
func TestOutage(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	down := true
	s.say = func(vault.Message) error {
		if down {
			return errors.New("down")
		}
		return nil
	}
	h := newHouse(t, sqltest.Open(t), map[string]Sink{"s": s, "other": &shelf{}})
	h.tell(t, many(60)...)
	h.settle(t)
	if len(s.sent) != maxFails {
		t.Errorf("%d tries of a sink that is down", len(s.sent))
	}
	h.count(t, "other", 0, 60, 0)
	h.pass(t, 6*time.Hour)
	if tries := len(s.sent); tries > 6*4*maxFails+10 {
		t.Errorf("%d tries in six hours", tries)
	}
	down, s.sent = false, nil
	h.pass(t, 8*time.Hour)
	h.count(t, "s", 0, 60, 0)
	ids := s.ids()
	slices.Sort(ids)
	if len(slices.Compact(ids)) != 60 || len(s.sent) != 60 {
		t.Errorf("%d sent", len(s.sent))
	}
}

// A program that dies between sending and noting sends that one message again,
// under the same id, and no other.
func TestKilledBeforeNoting(t *testing.T) {
	t.Parallel()
	store, s := sqltest.Open(t), &shelf{}
	h := newHouse(t, store, map[string]Sink{"s": s})
	h.tell(t, many(4)...)
	leases, err := store.Claim(t.Context(), noon, noon, time.Minute, 1)
	if err != nil || len(leases) != 1 {
		t.Fatal(leases, err)
	}
	dying := *h.Delivery
	dying.Store = &mortal{Store: store, alive: 2}
	if err := dying.Deliver(t.Context(), leases[0]); !errors.Is(err, errKilled) {
		t.Fatalf("delivered: %v", err)
	}
	h.worker.Store = store
	leases, err = store.Claim(t.Context(), noon, noon.Add(2*time.Minute), time.Minute, 1) // the lease has ended
	if err != nil || len(leases) != 1 {
		t.Fatal(leases, err)
	}
	must.Do(t, h.Deliver(t.Context(), leases[0]))
	want := []string{event(0).ID, event(1).ID, event(2).ID, event(2).ID, event(3).ID}
	if diff := cmp.Diff(want, s.ids()); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(s.sent[2], s.sent[3]); diff != "" {
		t.Errorf("sent again, but not the same:\n%s", diff)
	}
	h.count(t, "s", 0, 4, 0)
}

// A run that is told to stop counts no try against the receiver.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	store := sqltest.Open(t)
	s := &shelf{say: func(vault.Message) error { stop(); return ctx.Err() }}
	h := newHouse(t, store, map[string]Sink{"s": s})
	h.tell(t, event(1))
	leases, err := store.Claim(t.Context(), noon, noon, time.Minute, 1)
	must.Do(t, err)
	if err := h.Deliver(ctx, leases[0]); !errors.Is(err, context.Canceled) {
		t.Errorf("delivered: %v", err)
	}
	if got := h.rows(t, "s", vault.Queued); len(got) != 1 || got[0].Tries != 0 {
		t.Errorf("%v", errorsOf(got))
	}
}

// What was sent while the program was told to stop is noted all the same.
func TestStoppedAfterSending(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	store := sqltest.Open(t)
	h := newHouse(t, store, map[string]Sink{"s": &shelf{say: func(vault.Message) error { stop(); return nil }}})
	h.tell(t, event(1))
	leases, err := store.Claim(t.Context(), noon, noon, time.Minute, 1)
	must.Do(t, err)
	if err := h.Deliver(ctx, leases[0]); !errors.Is(err, context.Canceled) {
		t.Errorf("delivered: %v", err)
	}
	h.count(t, "s", 0, 1, 0)
}

// A worker whose lease was lost stores nothing about a message that another
// delivered meanwhile.
func TestStaleWorker(t *testing.T) {
	t.Parallel()
	store := sqltest.Open(t)
	s := &shelf{}
	h := newHouse(t, store, map[string]Sink{"s": s})
	s.say = func(m vault.Message) error {
		if m.ID != event(1).ID {
			return errors.New("no")
		}
		m.State, m.Tries = vault.Delivered, 1
		must.Do(t, store.Update(t.Context(), func(tx vault.Tx) error { return tx.PutMessage(m) })) // the other one
		return errors.New("no")
	}
	h.tell(t, event(1), event(2))
	h.settle(t)
	h.count(t, "s", 1, 1, 0)
}

// Messages of a sink that left the configuration wait for it, then are given up.
func TestMissingSink(t *testing.T) {
	t.Parallel()
	store, s := sqltest.Open(t), &shelf{}
	before := newHouse(t, store, map[string]Sink{"s": s})
	before.tell(t, event(1))
	without := newHouse(t, store, nil)
	without.settle(t)
	if got := without.rows(t, "s", vault.Queued); len(got) != 1 || !strings.Contains(got[0].Error, "no such receiver") {
		t.Fatalf("%v", errorsOf(got))
	}
	without.pass(t, 24*time.Hour)
	without.count(t, "s", 1, 0, 0)
	without.pass(t, 72*time.Hour)
	without.count(t, "s", 0, 0, 1)
	if dead, err := without.Dead(t.Context(), 0, 10, "s"); err != nil || len(dead) != 1 {
		t.Errorf("%v %v", dead, err)
	}
}

// Sweep gives back a lost job and drops what is old; Deliver drops old rows too.
func TestSweep(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	h := newHouse(t, sqltest.Open(t), map[string]Sink{"s": s})
	h.tell(t, many(3)...)
	must.Do(t, h.Store.Update(t.Context(), func(tx vault.Tx) error {
		o, err := tx.Object(vault.SinkRef("s"))
		o.DropJob(vault.JobDeliver)
		return errors.Join(err, tx.PutObject(&o))
	}))
	h.settle(t)
	h.count(t, "s", 3, 0, 0)
	must.Do(t, h.Sweep(t.Context()))
	h.settle(t)
	h.count(t, "s", 0, 3, 0)

	h.clock.Advance(keepDelivered)
	must.Do(t, h.Sweep(t.Context()))
	h.count(t, "s", 0, 3, 0)
	h.count(t, "", 0, 3, 0)
	h.clock.Advance(1)
	must.Do(t, h.Sweep(t.Context()))
	h.count(t, "s", 0, 0, 0)
	h.count(t, "", 0, 0, 0)

	late := event(9)
	late.At = h.Clock.Now()
	h.tell(t, late)
	h.settle(t)
	h.clock.Advance(keepDelivered + 1)
	s.say = func(vault.Message) error { return &Refused{"no"} }
	last := event(10)
	last.At = h.Clock.Now()
	h.tell(t, last)
	h.settle(t)
	h.count(t, "s", 0, 0, 1)
	h.count(t, "", 0, 1, 0)
	h.clock.Advance(keepDead + 1)
	must.Do(t, h.Sweep(t.Context()))
	h.count(t, "s", 0, 0, 0)
}

// What people read stays when they move the clock.
func TestTheShelfFollowsAnotherClock(t *testing.T) {
	t.Parallel()
	h := newHouse(t, sqltest.Open(t), map[string]Sink{"s": &shelf{}})
	real := &clock.Shifted{Base: func() time.Time { return noon }}
	h.RowClock = real
	h.tell(t, many(3)...)
	h.settle(t)
	h.clock.Advance(keepDelivered + 1)
	must.Do(t, h.Sweep(t.Context()))
	h.count(t, "s", 0, 0, 0)
	h.count(t, "", 0, 3, 0)
	real.Advance(keepDelivered + 1)
	must.Do(t, h.Sweep(t.Context()))
	h.count(t, "", 0, 0, 0)
}

// Dead letters are listed across sinks, page by page.
func TestDeadPages(t *testing.T) {
	t.Parallel()
	no := func(vault.Message) error { return &Refused{"no"} }
	h := newHouse(t, sqltest.Open(t), map[string]Sink{"a": &shelf{say: no}, "b": &shelf{say: no}})
	h.tell(t, many(5)...)
	h.settle(t)
	var seen int
	for after := int64(0); ; {
		page, err := h.Dead(t.Context(), after, 3)
		must.Do(t, err)
		if len(page) == 0 {
			break
		}
		for _, m := range page {
			if m.Seq <= after {
				t.Errorf("seq %d after %d", m.Seq, after)
			}
			after = m.Seq
			seen++
		}
	}
	if seen != 10 {
		t.Errorf("%d dead letters, want 10", seen)
	}
}

// One run takes bounded time: a sink that is slow to fail does not hold a worker.
func TestSlowSinkIsLeftAlone(t *testing.T) {
	t.Parallel()
	r := round{Delivery: &Delivery{Clock: &clock.Shifted{Base: func() time.Time { return noon }}}, name: "s", began: clock.Real{}.Now().Add(-runTime), fails: 1}
	if more, err := r.one(t.Context()); more || err != nil {
		t.Errorf("another message is begun: %v %v", more, err)
	}
	store := sqltest.Open(t)
	h := newHouse(t, store, map[string]Sink{"s": &shelf{}})
	h.tell(t, event(1))
	var sink vault.Object
	must.Do(t, store.View(t.Context(), func(rd vault.Reader) error {
		return r.again(rd, &sink, vault.Lease{Job: vault.Job{Attempt: 1}})
	}))
	if !sink.Jobs[vault.JobDeliver].Equal(noon.Add(5*time.Minute)) || sink.Attempt != 2 {
		t.Errorf("put again as %+v", sink)
	}
}
