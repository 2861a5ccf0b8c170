package storetest

import (
	"errors"
	"testing"
	"time"

	"certwright/internal/vault"
)

// leasePut: a lease that a caller puts holds the object like one of a claim.
func leasePut(t *testing.T, s vault.Store) {
	job := planned(t, s, "a", instant.AddDate(1, 0, 0), 4)
	o := change(t, s, ref("a"), func(o *vault.Object) {
		o.Lease = vault.Hold{Kind: vault.JobIssue, Token: "mine", Until: second.Add(minute)}
	})
	lease := vault.Lease{Job: job, Token: "mine", Until: second.Add(minute)}
	same(t, "held", object(t, s, ref("a")), o)
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (time.Time, error) { return r.NextDue(second) })
	jobs, _ := claimed(t, s, job.Due, second.Add(minute-1), 1)
	same(t, "still held", jobs, []vault.Job{})
	longer, err := s.Extend(t.Context(), lease, second.Add(2*minute))
	if err != nil {
		t.Fatal(err)
	}
	jobs, _ = claimed(t, s, job.Due, second.Add(2*minute-1), 1)
	same(t, "held longer", jobs, []vault.Job{})
	update(t, s, done(longer))
	same(t, "after its end", object(t, s, ref("a")).Lease, vault.Hold{})
}

// extend: prolongs; the object stays hidden until the new end; ErrStale once lost.
func extend(t *testing.T, s vault.Store) {
	ctx := t.Context()
	planned(t, s, "a", instant, 2)
	_, leases := claimed(t, s, instant, second, 1)
	before := object(t, s, ref("a"))
	longer, err := s.Extend(ctx, leases[0], second.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	want := leases[0]
	want.Until = second.Add(time.Hour)
	same(t, "extended", longer, want)
	before.Lease.Until = want.Until
	same(t, "object", object(t, s, ref("a")), before) // with the Rev of before
	jobs, _ := claimed(t, s, instant, second.Add(time.Hour-1), 1)
	same(t, "before the new end", jobs, []vault.Job{})
	// Over, but nobody took it: it may still be prolonged.
	longer, err = s.Extend(ctx, longer, second.Add(3*time.Hour))
	if err != nil {
		t.Fatalf("Extend of a lease that is over and not taken: %v", err)
	}
	jobs, _ = claimed(t, s, instant, second.Add(2*time.Hour), 1)
	same(t, "prolonged again", jobs, []vault.Job{})
	update(t, s, done(longer))
	stale(t, s, "finished", longer)
	planned(t, s, "b", instant, 0)
	stale(t, s, "without a token", vault.Lease{Job: vault.Job{Kind: vault.JobIssue, Ref: ref("b")}})
	if _, err := s.Extend(ctx, vault.Lease{Job: vault.Job{Ref: ref("none")}, Token: longer.Token}, second); !errors.Is(err, vault.ErrStale) {
		t.Errorf("Extend of a job of no object: %v", err)
	}
}

// extendBesidePut: a put of what was read before an Extend is not stale and does
// not shorten the lease again; an Extend after a put finds its lease, unless the
// put ended it.
func extendBesidePut(t *testing.T, s vault.Store) {
	planned(t, s, "a", instant, 0)
	_, leases := claimed(t, s, instant, second, 1)
	until := second.Add(minute)
	prolong := func() {
		t.Helper()
		until = until.Add(time.Hour)
		if _, err := s.Extend(t.Context(), leases[0], until); err != nil {
			t.Fatalf("Extend: %v", err)
		}
	}
	for range 2 {
		o := object(t, s, ref("a"))
		prolong()
		o.Latest = id(9)
		put(t, s, o)
		same(t, "extended, then put", object(t, s, ref("a")).Lease.Until, until)
		jobs, _ := claimed(t, s, instant, until.Add(-1), 1)
		same(t, "hidden", jobs, []vault.Job{})
		prolong()
		same(t, "put, then extended", object(t, s, ref("a")).Lease.Until, until)
	}
	o := object(t, s, ref("a"))
	prolong()
	o.DropJob(vault.JobIssue)
	o.SetJob(vault.JobIssue, instant)
	put(t, s, o) // ends the lease, prolonged or not
	stale(t, s, "ended", leases[0])
	jobs, _ := claimed(t, s, instant, second, 1)
	same(t, "free", len(jobs), 1)
	stale(t, s, "another's", leases[0])
}

// finish: Finish and a put end the job; it may be set again with the same put; an
// undone one leaves the lease as it was.
func finish(t *testing.T, s vault.Store) {
	planned(t, s, "a", instant, 3)
	_, leases := claimed(t, s, instant, second, 1)
	undo := errors.New("undo")
	refused(t, s, undo, func(tx vault.Tx) error { return errors.Join(done(leases[0])(tx), undo) })
	next := vault.Job{Kind: vault.JobIssue, Ref: ref("a"), Due: instant.Add(time.Hour)}
	update(t, s, ending(leases[0], func(o *vault.Object) { o.SetJob(next.Kind, next.Due) }))
	stale(t, s, "finished", leases[0])
	jobs, leases := claimed(t, s, next.Due, second, 1) // free at once: the old lease is gone
	same(t, "the next run", jobs, []vault.Job{next})
	update(t, s, done(leases[0]))
	want := vault.Object{Ref: ref("a"), Rev: object(t, s, ref("a")).Rev}
	same(t, "nothing left to do", object(t, s, ref("a")), want)
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (time.Time, error) { return r.NextDue(second.AddDate(1, 0, 0)) })
}

// putOff: a job that could not be done falls due again later, and counts its tries.
func putOff(t *testing.T, s vault.Store) {
	job := planned(t, s, "a", instant, 0)
	for try := 1; try <= 3; try++ {
		_, leases := claimed(t, s, job.Due, second, 1)
		if len(leases) != 1 {
			t.Fatalf("try %d: %d claimed", try, len(leases))
		}
		later := job.Due.Add(time.Hour)
		update(t, s, func(tx vault.Tx) error {
			o, err := tx.Object(ref("a"))
			return errors.Join(err, o.PutOff(leases[0], later), tx.PutObject(&o))
		})
		stale(t, s, "put off", leases[0])
		jobs, _ := claimed(t, s, job.Due, second, 1)
		same(t, "before it is due", jobs, []vault.Job{})
		job.Due, job.Attempt = later, try
		o := object(t, s, ref("a"))
		same(t, "job", vault.Job{Kind: vault.JobIssue, Ref: o.Ref, Due: o.Jobs[vault.JobIssue], Attempt: o.Attempt}, job)
	}
	jobs, _ := claimed(t, s, job.Due, second, 1)
	same(t, "the last try", jobs, []vault.Job{job})
}
