// Package servicetest is a running house for the tests of service, order and
// schedule: a service over a real store, with a worker, an issuer that answers
// as a test wants it, and a clock that stands still until it is moved. Tests
// speak to its operations as callers do; the few that must see or change rows
// do so here (rows.go), the one place that knows a store. They import this
// package under no name, so that a test reads as a story:
//
//	h, p := Playing(t)
//	p.Steps = []Step{h.Issues}
//	h.Create(t, Web, Lives("mydigicert", 12, RenewAt(80)))
//	h.Pass(t, 300*Day)
//
// Begin with house.go.
package servicetest

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"certwright/internal/access"
	"certwright/internal/certs"
	"certwright/internal/clock"
	"certwright/internal/engine"
	"certwright/internal/issuer/scripted"
	"certwright/internal/keys"
	"certwright/internal/seal"
	"certwright/internal/service"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
	"certwright/internal/worker"
)

// Day is what the schedule counts in.
const Day = 24 * time.Hour

var (
	// Noon is when every house begins.
	Noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	// Nobody is the caller of all operations; everything is permitted.
	Nobody = vault.Caller{}
	// Web is the certificate that most tests are about.
	Web = Certificate("Web")
)

// Certificate names a certificate of the vault of Web.
func Certificate(name string) vault.Ref {
	return vault.Ref{Vault: "default", Kind: vault.Certificates, Name: name}
}

// A House is a service over a real store, with a worker and a clock that
// stands still until moved.
type House struct {
	*service.Service
	Worker    *worker.Worker
	Shifted   *clock.Shifted
	Authority certs.Authority // issues what the scripted issuer and Issues deliver
}

// NewHouse opens a house in a folder of the test; it is closed with the test.
func NewHouse(t testing.TB) *House {
	t.Helper()
	store := sqltest.Open(t)
	keyset, err := seal.New()
	Must(t, err)
	h := &House{Shifted: &clock.Shifted{Base: func() time.Time { return Noon }}}
	h.Authority, err = certs.NewAuthority("Test Issuing CA", Noon)
	Must(t, err)
	h.Service, err = service.New(&service.Config{
		Deps: engine.Deps{Store: store, Sealer: keyset, Clock: h.Shifted,
			Settings: vault.DefaultSettings, Poke: func() {}, PokeAt: func(time.Time) {}, Log: slog.New(slog.DiscardHandler)},
		Backups: keyset.Backups(), Access: access.Everything{},
		Keys: &keys.Pool{}, Issuers: func(string) vault.Issuer { return scripted.Issuer{Authority: h.Authority} }})
	Must(t, err)
	h.Worker = worker.New(worker.Worker{Store: store, Clock: h.Shifted, Slots: 4, Lease: time.Minute, Log: h.Log,
		Handlers: map[vault.JobKind]worker.Handler{vault.JobIssue: h.Orders.Issue, vault.JobRotate: h.Keys.RunRotation, vault.JobNotice: h.Scheduler.Notice, vault.JobWithdraw: h.Orders.Withdraw, vault.JobOwed: h.Scheduler.SendOwed, vault.JobMend: h.Operator.Mend,
			vault.JobSchedule: h.Scheduler.Run, vault.JobPurge: h.Scheduler.Purge, vault.JobSweep: h.Sweeper.Sweep}})
	return h
}

// Hear keeps what is logged from now on.
func (h *House) Hear() *bytes.Buffer {
	said := &bytes.Buffer{}
	h.Log = slog.New(slog.NewTextHandler(said, nil))
	return said
}

// Pass moves the clock through everything that falls due.
func (h *House) Pass(t testing.TB, d time.Duration) {
	t.Helper()
	Must(t, h.Advance(t.Context(), d))
}

// Advance is Pass within the time of a context.
func (h *House) Advance(ctx context.Context, d time.Duration) error {
	return h.Worker.Advance(ctx, movable{h.Shifted}, d)
}

type movable struct{ *clock.Shifted }

func (m movable) Advance(_ context.Context, d time.Duration) error { m.Shifted.Advance(d); return nil }
