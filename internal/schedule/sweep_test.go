package schedule_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"certwright/internal/schedule"
	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// A soft-deleted object goes when its date comes, whole, and not before; one
// that was recovered stays.
func TestPurgeOnItsDate(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.Settings = func(name string) vault.Settings {
		s := vault.DefaultSettings(name)
		s.SoftDeleteDays, s.PurgeProtection = 7, true
		return s
	}
	kept := Certificate("kept")
	word := vault.Ref{Vault: Web.Vault, Kind: vault.Secrets, Name: "word"}
	for _, ref := range []vault.Ref{Web, kept} {
		h.Create(t, ref, Policy("Self"))
		h.Operation(t, ref)
		_, err := h.Delete(t.Context(), Nobody, ref)
		Must(t, err)
	}
	h.SetSecret(t, word, service.SecretInput{Value: "x"})
	_, err := h.Delete(t.Context(), Nobody, word)
	Must(t, err)
	h.Pass(t, 7*Day-time.Minute)
	Refused(t, h.Purge(t.Context(), Nobody, Web), vault.Denied, "Forbidden")
	_, err = h.GetDeleted(t.Context(), Nobody, Web)
	Must(t, err)
	_, err = h.Recover(t.Context(), Nobody, kept)
	Must(t, err)
	h.Pass(t, 2*time.Minute)
	for _, ref := range []vault.Ref{Web, Web.As(vault.Keys), Web.As(vault.Secrets), word} {
		if h.Stored(t, ref) {
			t.Errorf("%s is still there", ref)
		}
	}
	h.Pass(t, 100*Day)
	if c := h.Latest(t, kept); c.Version.Certificate == nil {
		t.Error("what was recovered is gone")
	}
	h.Create(t, Web, Policy("Self")) // the name is free again
}

// A job that was lost heals with the daily sweep, whatever it was for.
func TestSweepHeals(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	Must(t, h.Sweeper.Start(t.Context()))
	Must(t, h.Sweeper.Start(t.Context())) // once is enough
	words := pageOfSecrets(t, h)          // the sweep comes to them first
	refs := make([]vault.Ref, 6)
	for i := range refs {
		refs[i] = Certificate(fmt.Sprint("c", i))
		h.Create(t, refs[i], Lives("Self", 1, RenewAt(80)))
		h.Operation(t, refs[i])
	}
	h.Pass(t, 2*Day) // all is well so far
	gone := Certificate("gone")
	h.Create(t, gone, Policy("Self"))
	h.Operation(t, gone)
	_, err := h.Delete(t.Context(), Nobody, gone)
	Must(t, err)
	ordered := Certificate("ordered")
	h.Create(t, ordered, Policy("Self"))
	h.LoseJobs(t, vault.JobSchedule, append(words, refs...)...)
	h.LoseJobs(t, vault.JobPurge, gone)
	h.LoseJobs(t, vault.JobIssue, ordered)
	h.Pass(t, 26*Day)
	if h.Made(t, ordered) != 1 {
		t.Error("an order whose job was lost is stuck")
	}
	for _, ref := range refs {
		if h.Made(t, ref) != 2 {
			t.Errorf("%s was not renewed", ref)
		}
	}
	if told := h.Events(t, vault.EventSecretNearExpiry); len(told) != len(words) {
		t.Errorf("the expiry of %d secrets is told, want %d", len(told), len(words))
	}
	h.Pass(t, 65*Day)
	_, err = h.GetDeleted(t.Context(), Nobody, gone)
	Refused(t, err, vault.NotFound, "CertificateNotFound")
}

// A version that something else wrote keeps no other object from being looked at.
func TestSweepPassesAlteredRows(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	Must(t, h.Sweeper.Start(t.Context()))
	first, second := Certificate("a"), Certificate("b")
	for _, ref := range []vault.Ref{first, second} {
		h.Create(t, ref, Lives("Self", 1, RenewAt(80)))
		h.Operation(t, ref)
	}
	h.LoseJobs(t, vault.JobSchedule, second)
	sqltest.Alter(t, h.Store, "UPDATE versions SET exp = exp + 1 WHERE key = 'a'")
	h.Pass(t, 2*Day)
	h.Job(t, vault.JobSchedule, second) // there is one again
}

// pageOfSecrets fills a page of a vault that comes before the usual one. It
// returns the first and the last secret of it, which expire 55 days from now.
func pageOfSecrets(t *testing.T, h *House) []vault.Ref {
	t.Helper()
	refs := make([]vault.Ref, schedule.SweepPage)
	var next atomic.Int64
	var callers sync.WaitGroup
	for range 32 {
		callers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(refs)); i = next.Add(1) - 1 {
				refs[i] = vault.Ref{Vault: "before", Kind: vault.Secrets, Name: fmt.Sprintf("s%04d", i)}
				in := service.SecretInput{Value: "x"}
				if i == 0 || i == int64(len(refs)-1) {
					in.Attributes.Expires = new(Noon.Add(55 * Day))
				}
				if _, err := h.Secrets.Set(t.Context(), Nobody, refs[i], in); err != nil {
					t.Error(err)
				}
			}
		})
	}
	callers.Wait()
	return []vault.Ref{refs[0], refs[len(refs)-1]}
}

// What expires in the year 9999 is well, though a store cannot tell so late a date.
func TestSweepLeavesTheFarFutureAlone(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	text := h.Hear()
	exp := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	secret := vault.Ref{Vault: Web.Vault, Kind: vault.Secrets, Name: "word"}
	h.SetSecret(t, secret, service.SecretInput{Value: "x", Attributes: service.AttributesInput{Expires: &exp}})
	Must(t, h.Sweeper.Start(t.Context()))
	h.Pass(t, 3*Day)
	if text.Len() > 0 {
		t.Error(text.String())
	}
	h.WantOutbox(t, map[string]int{"SecretNewVersionCreated": 1})
}

// A clock that was years ahead for a while must not put renewals off for years.
func TestSweepAfterAWrongClock(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.Create(t, Web, Lives("Self", 12, RenewAt(80)))
	first := h.Latest(t, Web)
	wrong := Noon.Add(4 * 365 * Day)
	h.PutJob(t, vault.Job{Kind: vault.JobSweep, Ref: Sweep, Due: wrong})
	h.PutSchedule(t, Web, vault.Schedule{Version: first.Version.ID, Tries: 3, Retry: wrong})
	h.PutJob(t, vault.Job{Kind: vault.JobSchedule, Ref: Web, Due: wrong})
	Must(t, h.Sweeper.Start(t.Context())) // as a server does that starts
	h.Pass(t, 300*Day)
	if h.Made(t, Web) != 2 {
		t.Error("not renewed in time")
	}
}
