package service_test

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"certwright/internal/access"
	"certwright/internal/certs"
	"certwright/internal/clock"
	"certwright/internal/engine"
	"certwright/internal/issuer/scripted"
	"certwright/internal/keys"
	"certwright/internal/policy"
	"certwright/internal/seal"
	"certwright/internal/service"
	"certwright/internal/store/sqlstore"
	"certwright/internal/vault"
	"certwright/internal/worker"
)

var (
	noon   = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	nobody = vault.Caller{}
	web    = vault.Ref{Vault: "default", Kind: vault.Certificates, Name: "Web"}
)

// A house is a service over a real store, with a worker and a clock that
// stands still until moved.
type house struct {
	*service.Service
	worker    *worker.Worker
	clock     *clock.Shifted
	authority certs.Authority
}

func newHouse(t testing.TB) *house {
	t.Helper()
	dir := t.TempDir()
	store, err := sqlstore.Open(t.Context(), filepath.Join(dir, "certwright.db"))
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	keyset, _, err := seal.Open(t.Context(), store, filepath.Join(dir, "keyset.json"))
	must(t, err)
	h := &house{clock: &clock.Shifted{Base: func() time.Time { return noon }}}
	h.authority, err = certs.NewAuthority("Test Issuing CA", noon)
	must(t, err)
	h.Service, err = service.New(&service.Config{
		Deps: engine.Deps{Store: store, Sealer: keyset, Clock: h.clock,
			Settings: vault.DefaultSettings, Poke: func() {}, Log: slog.New(slog.DiscardHandler)},
		Backups: keyset.Backups(), Access: access.Everything{},
		Keys: &keys.Pool{}, Issuers: func(string) vault.Issuer { return scripted.Issuer{Authority: h.authority} }})
	must(t, err)
	h.worker = worker.New(worker.Worker{Store: store, Clock: h.clock, Slots: 4, Lease: time.Minute, Log: h.Log,
		Handlers: map[vault.JobKind]worker.Handler{vault.JobIssue: h.Orders.Issue, vault.JobRotate: h.Keys.RunRotation, vault.JobNotice: h.Scheduler.Notice, vault.JobWithdraw: h.Orders.Withdraw, vault.JobOwed: h.Scheduler.SendOwed, vault.JobMend: h.Operator.Mend,
			vault.JobSchedule: h.Scheduler.Run, vault.JobPurge: h.Scheduler.Purge, vault.JobSweep: h.Sweeper.Sweep}})
	return h
}

// pass moves the clock through everything that falls due.
func (h *house) pass(t *testing.T, d time.Duration) {
	t.Helper()
	must(t, h.worker.Advance(t.Context(), movable{h.clock}, d))
}

type movable struct{ *clock.Shifted }

func (m movable) Advance(_ context.Context, d time.Duration) error { m.Shifted.Advance(d); return nil }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused fails unless err is a refusal of that reason and code.
func refused(t *testing.T, err error, reason vault.Reason, code string) {
	t.Helper()
	var e *vault.Error
	if !errors.As(err, &e) || e.Reason != reason || e.Code != code {
		t.Errorf("got %v, want a refusal %s (reason %d)", err, code, reason)
	}
}

func ptr[T any](v T) *T { return &v }

// policyOf is a small EC policy by issuer.
func policyOf(issuer string) *policy.Patch {
	return &policy.Patch{Key: &policy.KeyPatch{Type: ptr(vault.EC)}, X509: &policy.X509Patch{Subject: ptr("CN=web.example.test")},
		Secret: &policy.SecretPatch{ContentType: ptr(vault.PEM)}, Issuer: &policy.IssuerPatch{Name: ptr(issuer)}}
}

func (h *house) create(t *testing.T, ref vault.Ref, p *policy.Patch) vault.Operation {
	t.Helper()
	op, err := h.Certificates.Create(t.Context(), nobody, ref, service.CreateInput{Policy: p})
	must(t, err)
	if op.Status != vault.InProgress {
		t.Fatalf("create answered %s", op.Status)
	}
	return op
}

func (h *house) status(t *testing.T, ref vault.Ref) vault.Operation {
	t.Helper()
	op, err := h.Certificates.GetOperation(t.Context(), nobody, ref, "")
	must(t, err)
	return op
}

func (h *house) get(t *testing.T, ref vault.Ref) service.Bundle {
	t.Helper()
	c, err := h.Get(t.Context(), nobody, ref, "")
	must(t, err)
	return c
}

// issuer registers an issuer with a script.
func (h *house) issuer(t *testing.T, script string) {
	t.Helper()
	_, err := h.Issuers.Put(t.Context(), nobody, web.Vault, "mydigicert", service.IssuerInput{Provider: ptr("DigiCert"),
		AccountID: &script, Password: ptr(vault.Hidden("hunter2")), Credentials: true})
	must(t, err)
}

// leafFor answers a CSR as a CA elsewhere would.
func (h *house) leafFor(t *testing.T, csr []byte) string {
	t.Helper()
	der, err := h.authority.Issue(csr, 12, noon)
	must(t, err)
	return base64.StdEncoding.EncodeToString(der)
}
