package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"certwright/internal/vault"
)

const minute = time.Minute

// planned puts an object with one job, and returns that.
func planned(t *testing.T, s vault.Store, name string, due time.Time, attempt int) vault.Job {
	t.Helper()
	put(t, s, vault.Object{Ref: ref(name), Jobs: map[vault.JobKind]time.Time{vault.JobIssue: due}, Attempt: attempt})
	return vault.Job{Kind: vault.JobIssue, Ref: ref(name), Due: due, Attempt: attempt}
}

// claimed claims and returns the jobs alone; every lease must be whole.
func claimed(t *testing.T, s vault.Store, due, now time.Time, n int) ([]vault.Job, []vault.Lease) {
	t.Helper()
	leases, err := s.Claim(t.Context(), due, now, minute, n)
	if err != nil {
		t.Fatalf("Claim: %v", err)
	}
	jobs, tokens := []vault.Job{}, map[string]bool{}
	for _, l := range leases {
		if l.Token == "" || tokens[l.Token] || !l.Until.Equal(now.Add(minute)) {
			t.Errorf("lease %+v of a claim at %v", l, now)
		}
		tokens[l.Token] = true
		jobs = append(jobs, l.Job)
	}
	return jobs, leases
}

// claimedNames claims all that is due and returns the names.
func claimedNames(t *testing.T, s vault.Store, due time.Time) []string {
	t.Helper()
	names := []string{}
	jobs, _ := claimed(t, s, due, second, 100)
	for _, j := range jobs {
		names = append(names, j.Ref.Name)
	}
	return names
}

// done is what a worker writes that has done its job.
func done(l vault.Lease) func(vault.Tx) error {
	return ending(l, func(*vault.Object) {})
}

// ending ends a job and edits its object.
func ending(l vault.Lease, edit func(*vault.Object)) func(vault.Tx) error {
	return func(tx vault.Tx) error {
		o, err := tx.Object(l.Ref)
		if err != nil {
			return err
		}
		if err := o.Finish(l); err != nil {
			return err
		}
		edit(&o)
		return tx.PutObject(&o)
	}
}

// stale: a lease that is lost neither ends its job nor is prolonged.
func stale(t *testing.T, s vault.Store, when string, l vault.Lease) {
	t.Helper()
	before := object(t, s, l.Ref)
	refused(t, s, vault.ErrStale, done(l))
	if _, err := s.Extend(t.Context(), l, l.Until.Add(time.Hour)); !errors.Is(err, vault.ErrStale) {
		t.Errorf("%s: Extend: %v", when, err)
	}
	same(t, when, object(t, s, l.Ref), before)
}

// claimOrder: what is due at due, the earliest first, up to n, one for each object.
func claimOrder(t *testing.T, s vault.Store) {
	now := instant
	third := planned(t, s, "C", instant.Add(-time.Second), 1)
	first := planned(t, s, "B", instant.Add(-time.Hour), 2)
	second := planned(t, s, "A", instant.Add(-time.Minute), 3)
	planned(t, s, "later", instant.Add(time.Nanosecond), 0)
	atDue := planned(t, s, "D", instant, 0)
	put(t, s, vault.Object{Ref: ref("without")})
	of := func(n int) []vault.Job { jobs, _ := claimed(t, s, instant, now, n); return jobs }

	jobs, _ := claimed(t, s, instant.Add(-2*time.Hour), now, 9)
	same(t, "before any is due", jobs, []vault.Job{})
	same(t, "none wanted", of(0), []vault.Job{})
	same(t, "the first two", of(2), []vault.Job{first, second})
	same(t, "the rest", of(9), []vault.Job{third, atDue})
	same(t, "all held", of(9), []vault.Job{})
}

// claimRaises: a claim writes the lease and raises the revision, so that what was
// read before is stale; nothing else changes.
func claimRaises(t *testing.T, s vault.Store) {
	full := fullObject(ref("Full"))
	full.Lease = vault.Hold{}
	before := put(t, s, full)
	jobs, leases := claimed(t, s, instant, second, 1)
	same(t, "job", jobs, []vault.Job{{Kind: vault.JobIssue, Ref: full.Ref, Due: instant, Attempt: 3}})
	got := object(t, s, full.Ref)
	if got.Rev <= before.Rev {
		t.Errorf("rev %d after %d", got.Rev, before.Rev)
	}
	same(t, "the revision that the lease knows", leases[0].Rev, got.Rev)
	refused(t, s, vault.ErrStale, putting(before))
	want := before
	want.Rev, want.Lease = got.Rev, vault.Hold{Kind: vault.JobIssue, Token: leases[0].Token, Until: leases[0].Until}
	same(t, "object", got, want)
	// A put in between does not end the lease.
	change(t, s, full.Ref, func(o *vault.Object) { o.Latest = id(7) })
	same(t, "lease", object(t, s, full.Ref).Lease, want.Lease)
	update(t, s, done(leases[0]))
}

// claimHides: while one job of an object is held no other one of it is handed
// out, be it planned before or after.
func claimHides(t *testing.T, s vault.Store) {
	early, late := instant.Add(-time.Hour), instant.Add(-time.Minute)
	put(t, s, vault.Object{Ref: ref("a"), Jobs: map[vault.JobKind]time.Time{"z": early, vault.JobPurge: late, "b": early}})
	free := 0
	next := func(want ...vault.JobKind) (lease vault.Lease) {
		t.Helper()
		free++
		planned(t, s, fmt.Sprint("free-", free), instant, 0) // something is due in any case
		_, leases := claimed(t, s, instant, second, 9)
		kinds := []vault.JobKind{}
		for _, l := range leases {
			if l.Ref.Name == "a" {
				kinds, lease = append(kinds, l.Kind), l
			}
		}
		same(t, "claimed", kinds, append([]vault.JobKind{}, want...))
		same(t, "free ones", len(leases)-len(kinds), 1)
		return lease
	}
	lease := next("b") // of two at one time the one whose kind sorts first
	next()
	change(t, s, ref("a"), func(o *vault.Object) { o.SetJob(vault.JobIssue, early.Add(-time.Hour)) })
	next()
	update(t, s, done(lease))
	lease = next(vault.JobIssue)
	next()
	update(t, s, done(lease))
	lease = next("z")
	change(t, s, ref("a"), func(o *vault.Object) { o.DropJob(vault.JobPurge) }) // another one than the held
	next()
	update(t, s, done(lease))
	next()
	same(t, "jobs", len(object(t, s, ref("a")).Jobs), 0)
}

// claimExpires: a lease hides an object until it ends in real time, whatever the
// server's clock says; then the next claim makes the old lease stale.
func claimExpires(t *testing.T, s vault.Store) {
	job := planned(t, s, "a", instant, 0)
	now := second
	_, leases := claimed(t, s, instant, now, 1)
	jobs, _ := claimed(t, s, instant.AddDate(5, 0, 0), now, 1)
	same(t, "five years on by the server's clock", jobs, []vault.Job{})
	jobs, _ = claimed(t, s, instant, now.Add(minute-1), 1)
	same(t, "just before the end", jobs, []vault.Job{})
	change(t, s, ref("a"), func(o *vault.Object) { o.SetJob("sooner", instant.Add(-time.Hour)) })
	jobs, again := claimed(t, s, instant, now.Add(minute), 1)
	same(t, "at the end", jobs, []vault.Job{{Kind: "sooner", Ref: job.Ref, Due: instant.Add(-time.Hour)}})
	if again[0].Token == leases[0].Token {
		t.Error("two leases have one token")
	}
	stale(t, s, "another holds it", leases[0])
	update(t, s, done(again[0]))
	jobs, _ = claimed(t, s, instant, now, 1)
	same(t, "the one before", jobs, []vault.Job{job})
}

// claimTogether: no object is handed to two workers.
func claimTogether(t *testing.T, s vault.Store) {
	const jobs, workers = 40, 8
	update(t, s, func(tx vault.Tx) error {
		for n := range jobs {
			due := map[vault.JobKind]time.Time{vault.JobIssue: instant, "other": instant}
			if err := tx.PutObject(&vault.Object{Ref: ref(fmt.Sprint("j", n)), Jobs: due}); err != nil {
				return err
			}
		}
		return nil
	})
	var mu sync.Mutex
	got := map[string]int{}
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for {
				leases, err := s.Claim(t.Context(), instant, second, minute, 3)
				if err != nil {
					t.Errorf("Claim: %v", err)
				}
				if len(leases) == 0 {
					return
				}
				mu.Lock()
				for _, l := range leases {
					got[l.Ref.Name]++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(got) != jobs {
		t.Errorf("%d objects handed out, want %d", len(got), jobs)
	}
	for name, times := range got {
		if times != 1 {
			t.Errorf("%s handed out %d times", name, times)
		}
	}
}

// dropUnderLease: a dropped job's lease is stale, also once the job is set again.
func dropUnderLease(t *testing.T, s vault.Store) {
	job := planned(t, s, "a", instant, 4)
	_, leases := claimed(t, s, instant, second, 1)
	change(t, s, ref("a"), func(o *vault.Object) { o.DropJob(vault.JobIssue) })
	stale(t, s, "dropped", leases[0])
	change(t, s, ref("a"), func(o *vault.Object) { o.SetJob(vault.JobIssue, instant) })
	stale(t, s, "set again", leases[0])
	jobs, _ := claimed(t, s, instant, second, 1)
	job.Attempt = 0
	same(t, "free, and begun anew", jobs, []vault.Job{job})
	stale(t, s, "another holds it", leases[0])
}

// nextDue: the earliest due time of the jobs of objects that no lease holds at now.
func nextDue(t *testing.T, s vault.Store) {
	want := func(now, due time.Time) {
		t.Helper()
		got := get(t, s, func(r vault.Reader) (time.Time, error) { return r.NextDue(now) })
		if !got.Equal(due) {
			t.Errorf("next due %v, want %v", got, due)
		}
	}
	early, late := instant, instant.Add(time.Hour)
	planned(t, s, "late", late, 0)
	want(second, late)
	planned(t, s, "early", early, 0)
	want(second, early)
	_, leases := claimed(t, s, early, second, 1)
	change(t, s, ref("early"), func(o *vault.Object) { o.SetJob("sooner", early.Add(-time.Hour)) })
	want(second, late)
	want(second.Add(minute-1), late)
	want(second.Add(minute), early.Add(-time.Hour)) // the lease is over
	update(t, s, done(leases[0]))
	want(second, early.Add(-time.Hour))
	change(t, s, ref("early"), func(o *vault.Object) { o.DropJob("sooner") })
	want(second, late)
	claimed(t, s, late, second, 1)
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (time.Time, error) { return r.NextDue(second) })
	update(t, s, purging(ref("late")))
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (time.Time, error) { return r.NextDue(second.AddDate(1, 0, 0)) })
}
