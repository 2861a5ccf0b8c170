package schedule_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// After the clock was set back, what had been put off by the wrong clock is due
// at once: orders that wait to be asked again, withdrawals, failed renewals, the
// sweep itself, and what is to be delivered.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	h, p := Failing(t) // 301 days old, its renewal refused
	log := h.Hear()
	Must(t, h.Sweeper.Start(t.Context()))
	Must(t, h.Sweeper.WatchClock(t.Context()))
	h.Pass(t, 2*Day) // the sweep found all well
	right := h.Shifted.Offset()
	h.Shifted.Advance(30 * time.Hour) // the wrong clock, for less than a day of waits
	Must(t, h.Sweeper.WatchClock(t.Context()))
	p.Steps = []Step{Fails(&vault.RetryError{After: 20 * time.Hour, Err: errors.New("out of reach")})}
	busy := Certificate("busy")
	h.Create(t, busy, Lives("mydigicert", 12, RenewAt(80)))
	_, err := h.Worker.RunDue(t.Context())
	Must(t, err)
	h.Append(t, vault.Message{ID: vault.NewID(), Sink: "hook", Topic: "x", Ref: Web, At: h.Clock.Now(), Due: h.Clock.Now().Add(8 * time.Hour), Body: []byte("{}")})
	h.PutJob(t, vault.Job{Kind: vault.JobDeliver, Ref: vault.SinkRef("hook"), Due: h.Clock.Now().Add(8 * time.Hour)})
	h.Shifted.Set(right)
	asked := len(p.Asked)
	Must(t, h.Sweeper.WatchClock(t.Context()))
	if !strings.Contains(log.String(), "the clock was set back; due times are put right") {
		t.Errorf("the log says nothing: %s", log.String())
	}
	j, queue := h.Job(t, vault.JobDeliver, vault.SinkRef("hook")), h.Queue(t, "hook")
	if j.Due.After(h.Clock.Now()) || len(queue) != 1 || queue[0].Due.After(h.Clock.Now()) {
		t.Errorf("delivery is due at %s, %+v", j.Due, queue)
	}
	h.LoseJobs(t, vault.JobDeliver, vault.SinkRef("hook")) // nobody delivers here
	p.Steps = []Step{h.Issues}
	h.Pass(t, time.Minute)
	if len(p.Asked) == asked || h.Made(t, busy) != 1 || h.Made(t, Web) != 2 {
		t.Errorf("asked %d times; %d and %d versions", len(p.Asked)-asked, h.Made(t, busy), h.Made(t, Web))
	}
	if left := h.Job(t, vault.JobSweep, Sweep).Due.Sub(h.Clock.Now()); left > Day || left < 23*time.Hour {
		t.Errorf("the next sweep comes after %s", left)
	}
	before := log.Len()
	Must(t, h.Sweeper.WatchClock(t.Context()))
	if strings.Contains(log.String()[before:], "set back") {
		t.Error("said twice")
	}
}

// A clock that is set back while a sweep is under way: it begins anew, at once.
func TestClockSetBackInASweep(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	Must(t, h.Sweeper.Start(t.Context()))
	Must(t, h.Sweeper.WatchClock(t.Context()))
	right := h.Shifted.Offset()
	h.Pass(t, 30*Day)
	Must(t, h.Sweeper.WatchClock(t.Context()))
	l := h.Take(t, vault.JobSweep, Sweep)
	h.BeforeWrite(func() {
		h.Shifted.Set(right)
		Must(t, h.Sweeper.WatchClock(t.Context()))
	})
	Must(t, h.Sweeper.Sweep(t.Context(), l))
	if j := h.Job(t, vault.JobSweep, Sweep); j.Due.After(h.Clock.Now()) {
		t.Errorf("the sweep after the clock was set back comes at %s", j.Due)
	}
	h.Pass(t, time.Second)
	if left := h.Job(t, vault.JobSweep, Sweep).Due.Sub(h.Clock.Now()); left > Day || left < 23*time.Hour {
		t.Errorf("the next sweep comes after %s", left)
	}
}
