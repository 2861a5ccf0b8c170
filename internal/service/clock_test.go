package service_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"certwright/internal/vault"
)

// After the clock was set back, what had been put off by the wrong clock is due
// at once: orders that wait to be asked again, withdrawals, failed renewals, the
// sweep itself, and what is to be delivered.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	h, p := failing(t) // 301 days old, its renewal refused
	var log bytes.Buffer
	h.Log = slog.New(slog.NewTextHandler(&log, nil))
	must(t, h.Sweeper.Start(t.Context()))
	must(t, h.Sweeper.WatchClock(t.Context()))
	h.pass(t, 2*day) // the sweep found all well
	right := h.clock.Offset()
	h.clock.Advance(30 * time.Hour) // the wrong clock, for less than a day of waits
	must(t, h.Sweeper.WatchClock(t.Context()))
	p.steps = []step{fails(&vault.RetryError{After: 20 * time.Hour, Err: errors.New("out of reach")})}
	busy := vault.Ref{Vault: web.Vault, Kind: vault.Certificates, Name: "busy"}
	h.create(t, busy, lives("mydigicert", 12, renew(80)))
	_, err := h.worker.RunDue(t.Context())
	must(t, err)
	must(t, h.Store.Update(t.Context(), func(tx vault.Tx) error {
		return errors.Join(tx.Append(vault.Message{ID: vault.NewID(), Sink: "hook", Topic: "x", Ref: web, At: h.Clock.Now(), Due: h.Clock.Now().Add(8 * time.Hour), Body: []byte("{}")}),
			tx.PutJob(vault.Job{Kind: vault.JobDeliver, Ref: vault.Ref{Vault: "-", Kind: vault.Sinks, Name: "hook"}, Due: h.Clock.Now().Add(8 * time.Hour)}))
	}))
	h.clock.Set(right)
	asked := len(p.asked)
	must(t, h.Sweeper.WatchClock(t.Context()))
	if !strings.Contains(log.String(), "the clock was set back; due times are put right") {
		t.Errorf("the log says nothing: %s", log.String())
	}
	must(t, h.Store.View(t.Context(), func(r vault.Reader) error {
		j, err := r.Job(vault.JobDeliver, vault.Ref{Vault: "-", Kind: vault.Sinks, Name: "hook"})
		queue, queueErr := r.Queue("hook", 1)
		if j.Due.After(h.Clock.Now()) || len(queue) != 1 || queue[0].Due.After(h.Clock.Now()) {
			t.Errorf("delivery is due at %s, %+v", j.Due, queue)
		}
		return errors.Join(err, queueErr)
	}))
	must(t, h.Store.Update(t.Context(), func(tx vault.Tx) error {
		return tx.DeleteJob(vault.JobDeliver, vault.Ref{Vault: "-", Kind: vault.Sinks, Name: "hook"}) // nobody delivers here
	}))
	p.steps = []step{h.issues}
	h.pass(t, time.Minute)
	if len(p.asked) == asked || h.made(t, busy) != 1 || h.made(t, web) != 2 {
		t.Errorf("asked %d times; %d and %d versions", len(p.asked)-asked, h.made(t, busy), h.made(t, web))
	}
	must(t, h.Store.View(t.Context(), func(r vault.Reader) error {
		j, err := r.Job(vault.JobSweep, vault.Ref{Vault: "-", Kind: "sweeps", Name: "daily"})
		if left := j.Due.Sub(h.Clock.Now()); left > day || left < 23*time.Hour {
			t.Errorf("the next sweep comes after %s", left)
		}
		return err
	}))
	before := log.Len()
	must(t, h.Sweeper.WatchClock(t.Context()))
	if strings.Contains(log.String()[before:], "set back") {
		t.Error("said twice")
	}
}
