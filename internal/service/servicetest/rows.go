package servicetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"certwright/internal/vault"
)

// Sweep is what the job of the daily sweep is about.
var Sweep = vault.Ref{Vault: "-", Kind: "sweeps", Name: "daily"}

// Sink is what the job of delivery to a receiver is about.
func Sink(name string) vault.Ref { return vault.Ref{Vault: "-", Kind: vault.Sinks, Name: name} }

// view reads rows.
func (h *House) view(t testing.TB, fn func(vault.Reader) error) {
	t.Helper()
	Must(t, h.Store.View(t.Context(), fn))
}

// update writes rows behind the back of the house, as a fault would.
func (h *House) update(t testing.TB, fn func(vault.Tx) error) {
	t.Helper()
	Must(t, h.Store.Update(t.Context(), fn))
}

// Job is the job of that kind about ref; there must be one.
func (h *House) Job(t testing.TB, kind vault.JobKind, ref vault.Ref) (j vault.Job) {
	t.Helper()
	h.view(t, func(r vault.Reader) (err error) { j, err = r.Job(kind, ref); return err })
	return j
}

// PutJob puts a job, or sets when it is due.
func (h *House) PutJob(t testing.TB, j vault.Job) {
	t.Helper()
	h.update(t, func(tx vault.Tx) error { return tx.PutJob(j) })
}

// LoseJobs removes jobs of a kind.
func (h *House) LoseJobs(t testing.TB, kind vault.JobKind, refs ...vault.Ref) {
	t.Helper()
	h.update(t, func(tx vault.Tx) error {
		for _, ref := range refs {
			if err := tx.DeleteJob(kind, ref); err != nil {
				return err
			}
		}
		return nil
	})
}

// Take leases a job as a worker does, for a minute.
func (h *House) Take(t testing.TB, kind vault.JobKind, ref vault.Ref) vault.Lease {
	t.Helper()
	l, err := h.Store.Take(t.Context(), kind, ref, time.Now(), time.Minute)
	Must(t, err)
	return l
}

// ClaimLater leases what is due by then as another worker does, a day from now
// when all leases of today have ended.
func (h *House) ClaimLater(t testing.TB, due time.Time) []vault.Lease {
	t.Helper()
	list, err := h.Store.Claim(t.Context(), due, time.Now().Add(Day), time.Minute, 1)
	Must(t, err)
	return list
}

// BeforeTake does something just before the next job is taken by name, once.
func (h *House) BeforeTake(do func()) { h.Store = &racing{Store: h.Store, before: do} }

type racing struct {
	vault.Store
	before func()
}

// Take does what is to be done before, and takes the job.
func (r *racing) Take(ctx context.Context, k vault.JobKind, ref vault.Ref, now time.Time, d time.Duration) (vault.Lease, error) {
	if do := r.before; do != nil {
		r.before = nil
		do()
	}
	return r.Store.Take(ctx, k, ref, now, d)
}

// Messages is the outbox that is read, of all vaults.
func (h *House) Messages(t testing.TB) (list []vault.Message) {
	t.Helper()
	h.view(t, func(r vault.Reader) (err error) { list, err = r.Outbox("", vault.Delivered, 0, 10000); return err })
	return list
}

// Queue is what waits for a receiver.
func (h *House) Queue(t testing.TB, sink string) (list []vault.Message) {
	t.Helper()
	h.view(t, func(r vault.Reader) (err error) { list, err = r.Queue(sink, 10); return err })
	return list
}

// Append adds a message to the outbox.
func (h *House) Append(t testing.TB, m vault.Message) {
	t.Helper()
	h.update(t, func(tx vault.Tx) error { return tx.Append(m) })
}

// PutSchedule sets what was done for an object.
func (h *House) PutSchedule(t testing.TB, ref vault.Ref, s vault.Schedule) {
	t.Helper()
	h.update(t, func(tx vault.Tx) error { return tx.PutSchedule(ref, s) })
}

// PutContacts sets the contacts of the vault of Web without the job that hears of them.
func (h *House) PutContacts(t testing.TB, list ...vault.Contact) {
	t.Helper()
	h.update(t, func(tx vault.Tx) error { return tx.PutContacts(Web.Vault, list) })
}

// Stored tells whether an object has a row, deleted or not.
func (h *House) Stored(t testing.TB, ref vault.Ref) bool {
	t.Helper()
	return h.found(t, func(r vault.Reader) error { _, err := r.Object(ref); return err })
}

// Withdrawn tells whether an order is kept that is to be taken back.
func (h *House) Withdrawn(t testing.TB, requestID string) bool {
	t.Helper()
	ref := vault.Ref{Vault: Web.Vault, Kind: vault.Withdrawn, Name: requestID}
	return h.found(t, func(r vault.Reader) error { _, err := r.Operation(ref); return err })
}

func (h *House) found(t testing.TB, read func(vault.Reader) error) bool {
	t.Helper()
	err := h.Store.View(t.Context(), read)
	if !errors.Is(err, vault.ErrNotFound) {
		Must(t, err)
	}
	return err == nil
}

// Version is a version as it is stored, whatever callers may see of it.
func (h *House) Version(t testing.TB, ref vault.Ref, id string) (v vault.Version) {
	t.Helper()
	h.view(t, func(r vault.Reader) (err error) { v, err = r.Version(ref, id); return err })
	return v
}

// VersionIDs lists the completed versions of an object, deleted or not.
func (h *House) VersionIDs(t testing.TB, ref vault.Ref) (ids []string) {
	t.Helper()
	h.view(t, func(r vault.Reader) error {
		list, err := r.Versions(ref, "", 1000)
		for _, v := range list {
			ids = append(ids, v.ID)
		}
		return err
	})
	return ids
}
