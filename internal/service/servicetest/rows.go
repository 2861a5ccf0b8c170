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

// edit changes an object, which is made if it is not there.
func (h *House) edit(t testing.TB, ref vault.Ref, edit func(*vault.Object)) {
	t.Helper()
	h.update(t, func(tx vault.Tx) error {
		o, err := tx.Object(ref)
		if errors.Is(err, vault.ErrNotFound) {
			o, err = vault.Object{Ref: ref}, nil
		}
		if err != nil {
			return err
		}
		edit(&o)
		return tx.PutObject(&o)
	})
}

// Job is the job of that kind of an object; there must be one.
func (h *House) Job(t testing.TB, kind vault.JobKind, ref vault.Ref) (j vault.Job) {
	t.Helper()
	h.view(t, func(r vault.Reader) error {
		o, err := r.Object(ref)
		due, planned := o.Jobs[kind]
		if err == nil && !planned {
			err = vault.ErrNotFound
		}
		j = vault.Job{Kind: kind, Ref: o.Ref, Due: due, Attempt: o.Attempt}
		return err
	})
	return j
}

// PutJob puts a job, or sets when it is due.
func (h *House) PutJob(t testing.TB, j vault.Job) {
	t.Helper()
	h.edit(t, j.Ref, func(o *vault.Object) { o.SetJob(j.Kind, j.Due) })
}

// LoseJobs removes jobs of a kind.
func (h *House) LoseJobs(t testing.TB, kind vault.JobKind, refs ...vault.Ref) {
	t.Helper()
	for _, ref := range refs {
		h.edit(t, ref, func(o *vault.Object) { o.DropJob(kind) })
	}
}

// Take leases a job as a worker does, for a minute, whenever it is due.
func (h *House) Take(t testing.TB, kind vault.JobKind, ref vault.Ref) vault.Lease {
	t.Helper()
	l := vault.Lease{Job: h.Job(t, kind, ref), Token: vault.NewID(), Until: time.Now().Add(time.Minute)}
	h.edit(t, ref, func(o *vault.Object) { o.Lease = vault.Hold{Kind: kind, Token: l.Token, Until: l.Until} })
	h.view(t, func(r vault.Reader) error { o, err := r.Object(ref); l.Rev = o.Rev; return err })
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

// BeforeWrite does something just before the next transaction that writes, once.
func (h *House) BeforeWrite(do func()) { h.Store = &racing{Store: h.Store, before: do} }

// StaleOnce lets the next transaction that writes find what it put changed by another.
func (h *House) StaleOnce() { h.Store = &racing{Store: h.Store, stale: true} }

type racing struct {
	vault.Store
	before func()
	stale  bool
}

// Update does what is to be done before, and writes.
func (r *racing) Update(ctx context.Context, fn func(vault.Tx) error) error {
	if do := r.before; do != nil {
		r.before = nil
		do()
	}
	if r.stale {
		r.stale = false
		return r.Store.Update(ctx, func(tx vault.Tx) error {
			if err := fn(tx); err != nil {
				return err
			}
			return vault.ErrStale
		})
	}
	return r.Store.Update(ctx, fn)
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
	h.edit(t, ref, func(o *vault.Object) { o.Schedule = s })
}

// Unstage makes a Self order one of an earlier build, which signed at the end.
func (h *House) Unstage(t testing.TB, ref vault.Ref) {
	t.Helper()
	h.edit(t, ref, func(o *vault.Object) { o.Operation.Staged = nil })
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
	return h.found(t, func(r vault.Reader) error { _, err := r.Object(ref); return err })
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
