package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"certwright/internal/vault"
)

const minute = time.Minute

func putJob(t *testing.T, s vault.Store, name string, due time.Time, attempt int) vault.Job {
	t.Helper()
	j := vault.Job{Kind: vault.JobIssue, Ref: ref(name), Due: due, Attempt: attempt}
	update(t, s, func(tx vault.Tx) error { return tx.PutJob(j) })
	return j
}

// claimed claims and returns the jobs alone; every lease must be whole.
func claimed(t *testing.T, s vault.Store, due, now time.Time, n int) ([]vault.Job, []vault.Lease) {
	t.Helper()
	leases, err := s.Claim(context.Background(), due, now, minute, n)
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

// jobsAsPut: at most one of a kind per Ref; PutJob replaces due time and attempt.
func jobsAsPut(t *testing.T, s vault.Store) {
	read := func(kind vault.JobKind) vault.Job {
		t.Helper()
		return get(t, s, func(r vault.Reader) (vault.Job, error) { return r.Job(kind, ref("WEB")) })
	}
	first := putJob(t, s, "Web", instant, 2)
	same(t, "job", read(vault.JobIssue), first)
	second := putJob(t, s, "Web", instant.Add(-time.Hour), 0)
	same(t, "job replaced", read(vault.JobIssue), second)
	other := vault.Job{Kind: "other", Ref: ref("Web"), Due: instant}
	update(t, s, func(tx vault.Tx) error { return tx.PutJob(other) })
	same(t, "another kind", read("other"), other)
	same(t, "job beside", read(vault.JobIssue), second)
	update(t, s, func(tx vault.Tx) error { return tx.DeleteJob(vault.JobIssue, ref("wEb")) })
	update(t, s, func(tx vault.Tx) error { return tx.DeleteJob(vault.JobIssue, ref("web")) }) // nothing there: no error
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.Job, error) { return r.Job(vault.JobIssue, ref("Web")) })
	same(t, "another kind stays", read("other"), other)
}

// claimOrder: what is due at due, the earliest first, up to n.
func claimOrder(t *testing.T, s vault.Store) {
	now := instant
	third := putJob(t, s, "C", instant.Add(-time.Second), 1)
	first := putJob(t, s, "B", instant.Add(-time.Hour), 2)
	second := putJob(t, s, "A", instant.Add(-time.Minute), 3)
	putJob(t, s, "later", instant.Add(time.Nanosecond), 0)
	atDue := putJob(t, s, "D", instant, 0)

	jobs, _ := claimed(t, s, instant.Add(-2*time.Hour), now, 9)
	same(t, "before any is due", jobs, []vault.Job{})
	jobs, _ = claimed(t, s, instant, now, 0)
	same(t, "none wanted", jobs, []vault.Job{})
	jobs, _ = claimed(t, s, instant, now, 2)
	same(t, "the first two", jobs, []vault.Job{first, second})
	jobs, _ = claimed(t, s, instant, now, 9)
	same(t, "the rest", jobs, []vault.Job{third, atDue})
	jobs, _ = claimed(t, s, instant, now, 9)
	same(t, "all held", jobs, []vault.Job{})
}

// claimExpires: a lease hides a job until it ends in real time, whatever the
// server's clock says; then the next claim makes the old lease stale.
func claimExpires(t *testing.T, s vault.Store) {
	ctx := context.Background()
	job := putJob(t, s, "a", instant, 0)
	now := second
	_, leases := claimed(t, s, instant, now, 1)
	jobs, _ := claimed(t, s, instant.AddDate(5, 0, 0), now, 1)
	same(t, "five years on by the server's clock", jobs, []vault.Job{})
	jobs, _ = claimed(t, s, instant, now.Add(minute-1), 1)
	same(t, "just before the end", jobs, []vault.Job{})
	jobs, again := claimed(t, s, instant, now.Add(minute), 1)
	same(t, "at the end", jobs, []vault.Job{job})
	if again[0].Token == leases[0].Token {
		t.Error("two leases have one token")
	}
	refused(t, s, vault.ErrStale, func(tx vault.Tx) error { return tx.Finish(leases[0]) })
	if _, err := s.Extend(ctx, leases[0], now.Add(time.Hour)); !errors.Is(err, vault.ErrStale) {
		t.Errorf("Extend of a lease that another holds: %v", err)
	}
	update(t, s, func(tx vault.Tx) error { return tx.Finish(again[0]) })
}

// claimTogether: no job is handed to two workers.
func claimTogether(t *testing.T, s vault.Store) {
	const jobs, workers = 40, 8
	update(t, s, func(tx vault.Tx) error {
		for n := range jobs {
			if err := tx.PutJob(vault.Job{Kind: vault.JobIssue, Ref: ref(fmt.Sprint("j", n)), Due: instant}); err != nil {
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
				leases, err := s.Claim(context.Background(), instant, second, minute, 3)
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
		t.Errorf("%d jobs handed out, want %d", len(got), jobs)
	}
	for name, times := range got {
		if times != 1 {
			t.Errorf("%s handed out %d times", name, times)
		}
	}
}

// take: one job whatever its due time; ErrNotFound if there is none or it is held.
func take(t *testing.T, s vault.Store) {
	ctx := context.Background()
	job := putJob(t, s, "Web", instant.AddDate(1, 0, 0), 4)
	if _, err := s.Take(ctx, vault.JobIssue, ref("none"), second, minute); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("Take of no job: %v", err)
	}
	if _, err := s.Take(ctx, "other", ref("web"), second, minute); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("Take of another kind: %v", err)
	}
	first, err := s.Take(ctx, vault.JobIssue, ref("wEB"), second, minute)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "job", first.Job, job)
	if first.Token == "" || !first.Until.Equal(second.Add(minute)) {
		t.Errorf("lease %+v", first)
	}
	if _, err := s.Take(ctx, vault.JobIssue, ref("web"), second.Add(minute-1), minute); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("Take of a held job: %v", err)
	}
	later, err := s.Take(ctx, vault.JobIssue, ref("web"), second.Add(minute), minute)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, s, vault.ErrStale, func(tx vault.Tx) error { return tx.Finish(first) })
	update(t, s, func(tx vault.Tx) error { return tx.Finish(later) })
}

// extend: prolongs; the job stays hidden until the new end; ErrStale once lost.
func extend(t *testing.T, s vault.Store) {
	ctx := context.Background()
	putJob(t, s, "a", instant, 0)
	_, leases := claimed(t, s, instant, second, 1)
	longer, err := s.Extend(ctx, leases[0], second.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if want := second.Add(time.Hour); !longer.Until.Equal(want) || longer.Job != leases[0].Job {
		t.Errorf("extended to %+v, want until %v", longer, want)
	}
	jobs, _ := claimed(t, s, instant, second.Add(time.Hour-1), 1)
	same(t, "before the new end", jobs, []vault.Job{})
	// Over, but nobody took it: it may still be prolonged.
	longer, err = s.Extend(ctx, longer, second.Add(3*time.Hour))
	if err != nil {
		t.Fatalf("Extend of a lease that is over and not taken: %v", err)
	}
	jobs, _ = claimed(t, s, instant, second.Add(2*time.Hour), 1)
	same(t, "prolonged again", jobs, []vault.Job{})
	update(t, s, func(tx vault.Tx) error { return tx.Finish(longer) })
	if _, err := s.Extend(ctx, longer, second.Add(9*time.Hour)); !errors.Is(err, vault.ErrStale) {
		t.Errorf("Extend of a finished job: %v", err)
	}
	putJob(t, s, "b", instant, 0)
	if _, err := s.Extend(ctx, vault.Lease{Job: vault.Job{Kind: vault.JobIssue, Ref: ref("b")}}, second); !errors.Is(err, vault.ErrStale) {
		t.Errorf("Extend without a token: %v", err)
	}
}

// finish: ends the job; the handler may put it again in the same transaction;
// an undone Finish leaves the lease as it was.
func finish(t *testing.T, s vault.Store) {
	putJob(t, s, "a", instant, 0)
	_, leases := claimed(t, s, instant, second, 1)
	undo := errors.New("undo")
	refused(t, s, undo, func(tx vault.Tx) error { return errors.Join(tx.Finish(leases[0]), undo) })
	next := vault.Job{Kind: vault.JobIssue, Ref: ref("a"), Due: instant.Add(time.Hour), Attempt: 1}
	update(t, s, func(tx vault.Tx) error {
		if err := tx.Finish(leases[0]); err != nil {
			return err
		}
		if _, err := tx.Job(vault.JobIssue, ref("a")); !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("a finished job: %v", err)
		}
		return tx.PutJob(next)
	})
	refused(t, s, vault.ErrStale, func(tx vault.Tx) error { return tx.Finish(leases[0]) })
	jobs, leases := claimed(t, s, next.Due, second, 1) // free at once: the old lease is gone
	same(t, "the next run", jobs, []vault.Job{next})
	update(t, s, func(tx vault.Tx) error { return tx.Finish(leases[0]) })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.Job, error) { return r.Job(vault.JobIssue, ref("a")) })
	putJob(t, s, "a", instant, 0)
	refused(t, s, vault.ErrStale, func(tx vault.Tx) error { return tx.Finish(vault.Lease{Job: next}) }) // no token
}

// putUnderLease: PutJob sets due time and attempt, and the lease stays.
func putUnderLease(t *testing.T, s vault.Store) {
	putJob(t, s, "a", instant, 0)
	_, leases := claimed(t, s, instant, second, 1)
	sooner := putJob(t, s, "a", instant.Add(-time.Hour), 7)
	jobs, _ := claimed(t, s, instant, second, 1)
	same(t, "still held", jobs, []vault.Job{})
	same(t, "job", get(t, s, func(r vault.Reader) (vault.Job, error) { return r.Job(vault.JobIssue, ref("a")) }), sooner)
	if _, err := s.Extend(context.Background(), leases[0], second.Add(2*minute)); err != nil {
		t.Errorf("Extend: %v", err)
	}
	update(t, s, func(tx vault.Tx) error { return tx.Finish(leases[0]) })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.Job, error) { return r.Job(vault.JobIssue, ref("a")) })
}

// deleteUnderLease: a withdrawn job's lease is stale, also once the job is put again.
func deleteUnderLease(t *testing.T, s vault.Store) {
	ctx := context.Background()
	putJob(t, s, "a", instant, 0)
	_, leases := claimed(t, s, instant, second, 1)
	stale := func(when string) {
		t.Helper()
		refused(t, s, vault.ErrStale, func(tx vault.Tx) error { return tx.Finish(leases[0]) })
		if _, err := s.Extend(ctx, leases[0], second.Add(time.Hour)); !errors.Is(err, vault.ErrStale) {
			t.Errorf("%s: Extend: %v", when, err)
		}
	}
	update(t, s, func(tx vault.Tx) error { return tx.DeleteJob(vault.JobIssue, ref("a")) })
	stale("withdrawn")
	again := putJob(t, s, "a", instant, 0)
	stale("put again")
	jobs, _ := claimed(t, s, instant, second, 1)
	same(t, "free", jobs, []vault.Job{again})
	stale("another holds it")
}

// nextDue: the earliest due time of the jobs that no lease holds at now.
func nextDue(t *testing.T, s vault.Store) {
	want := func(now, due time.Time) {
		t.Helper()
		got := get(t, s, func(r vault.Reader) (time.Time, error) { return r.NextDue(now) })
		if !got.Equal(due) {
			t.Errorf("next due %v, want %v", got, due)
		}
	}
	early, late := instant, instant.Add(time.Hour)
	putJob(t, s, "late", late, 0)
	want(second, late)
	putJob(t, s, "early", early, 0)
	want(second, early)
	_, leases := claimed(t, s, early, second, 1)
	want(second, late)
	want(second.Add(minute-1), late)
	want(second.Add(minute), early) // the lease is over
	update(t, s, func(tx vault.Tx) error { return tx.Finish(leases[0]) })
	want(second.Add(minute), late)
	claimed(t, s, late, second, 1)
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (time.Time, error) { return r.NextDue(second) })
}
