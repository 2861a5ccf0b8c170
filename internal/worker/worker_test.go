package worker_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/clock"
	"certwright/internal/engine"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
	"certwright/internal/worker"

	"github.com/google/go-cmp/cmp"
)

// A desk is a worker over a real store; its handler notes when each job ran.
type desk struct {
	*worker.Worker
	store vault.Store
	clock *clock.Shifted
	begin time.Time
	mu    sync.Mutex
	ran   []string
	do    func(ctx context.Context, l vault.Lease) error // nil: end the job
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{store: sqltest.Open(t), clock: &clock.Shifted{}}
	d.begin = d.clock.Now()
	d.Worker = worker.New(worker.Worker{Store: d.store, Clock: d.clock, Slots: 2, Lease: 30 * time.Second, Log: slog.New(slog.DiscardHandler),
		Handlers: map[vault.JobKind]worker.Handler{vault.JobIssue: d.handle}})
	return d
}

func (d *desk) handle(ctx context.Context, l vault.Lease) error {
	d.mu.Lock()
	d.ran = append(d.ran, l.Ref.Name+" "+d.clock.Now().Sub(d.begin).Round(time.Second).String())
	d.mu.Unlock()
	if d.do != nil {
		return d.do(ctx, l)
	}
	return d.finish(ctx, l)
}

func (d *desk) finish(ctx context.Context, l vault.Lease) error {
	return engine.Work(ctx, d.store, l, func(vault.Tx, *vault.Object) error { return nil })
}

func (d *desk) put(t *testing.T, name string, in time.Duration) {
	t.Helper()
	j := vault.Job{Kind: vault.JobIssue, Ref: vault.Ref{Vault: "v", Kind: vault.Certificates, Name: name}, Due: d.begin.Add(in)}
	must.Do(t, d.store.Update(t.Context(), func(tx vault.Tx) error { return engine.SetJob(tx, j.Kind, j.Ref, j.Due) }))
	d.Poke()
}

// run starts the worker and returns how to stop it.
func (d *desk) run(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- d.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := d.store.Close(); err != nil {
			t.Error(err)
		}
	}
}

func (d *desk) expect(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	if diff := cmp.Diff(want, d.ran); diff != "" {
		t.Errorf("jobs (-want +got):\n%s", diff)
	}
}

func TestRunsJobsWhenDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		defer d.run(t)()
		d.put(t, "later", 36*time.Hour)
		d.put(t, "soon", time.Minute)
		time.Sleep(59 * time.Second)
		d.expect(t)
		time.Sleep(time.Second)
		d.expect(t, "soon 1m0s")
		time.Sleep(36 * time.Hour)
		d.expect(t, "soon 1m0s", "later 36h0m0s")
	})
}

// A worker that rests begins nothing, however much falls due and whoever pokes it, and
// does not look over and over; what runs goes on to its end.
func TestRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		defer d.run(t)()
		goOn := make(chan struct{})
		d.do = func(ctx context.Context, l vault.Lease) error {
			select {
			case <-goOn:
			case <-ctx.Done():
				t.Error("what ran was ended")
			}
			return d.finish(ctx, l)
		}
		d.put(t, "runs", time.Minute)
		d.put(t, "waits", 2*time.Minute)
		time.Sleep(time.Minute)
		d.expect(t, "runs 1m0s")
		d.Rest()
		time.Sleep(time.Hour)
		d.put(t, "too", 0)
		close(goOn)
		time.Sleep(time.Hour)
		d.expect(t, "runs 1m0s")
		if n, err := d.RunDue(t.Context()); n != 0 || err != nil {
			t.Errorf("%d were begun (%v)", n, err)
		}
	})
}

func TestSlowJobKeepsItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.do = func(ctx context.Context, l vault.Lease) error {
			time.Sleep(10 * time.Minute)
			return d.finish(ctx, l)
		}
		defer d.run(t)()
		d.put(t, "slow", 0)
		time.Sleep(11 * time.Minute)
		d.expect(t, "slow 0s")
	})
}

func TestFailedJobIsPutOffLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.do = func(context.Context, vault.Lease) error { return errors.New("out of order") }
		defer d.run(t)()
		d.put(t, "bad", 0)
		time.Sleep(16 * time.Second)
		d.expect(t, "bad 0s", "bad 1s", "bad 3s", "bad 7s", "bad 15s")
	})
}

func TestLeaseOfADeadWorkerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.put(t, "orphan", 0)
		if l, err := d.store.Claim(t.Context(), d.clock.Now(), time.Now(), time.Minute, 1); err != nil || len(l) != 1 {
			t.Fatal(l, err)
		}
		defer d.run(t)()
		time.Sleep(59 * time.Second)
		d.expect(t)
		time.Sleep(2 * time.Minute)
		d.mu.Lock()
		n := len(d.ran)
		d.mu.Unlock()
		if n != 1 {
			t.Errorf("ran %d times", n)
		}
	})
}

func TestWithdrawnJobLosesItsWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		var cut error
		d.do = func(ctx context.Context, l vault.Lease) error {
			<-ctx.Done()
			cut = ctx.Err()
			return nil
		}
		defer d.run(t)()
		d.put(t, "withdrawn", 0)
		time.Sleep(time.Second)
		if err := d.store.Update(t.Context(), func(tx vault.Tx) error {
			o, err := tx.Object(vault.Ref{Vault: "v", Kind: vault.Certificates, Name: "withdrawn"})
			o.DropJob(vault.JobIssue)
			return errors.Join(err, tx.PutObject(&o))
		}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if cut == nil {
			t.Error("the worker goes on with a job it no longer holds")
		}
	})
}

func TestAdvanceStopsAtEveryDueTime(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	defer d.store.Close()
	d.clock.Base = func() time.Time { return d.begin }
	for name, in := range map[string]time.Duration{"c": 60 * 24 * time.Hour, "a": time.Hour, "b": 2 * time.Hour, "never": 1000 * 24 * time.Hour} {
		d.put(t, name, in)
	}
	must.Do(t, d.Advance(t.Context(), moving{d.clock}, 90*24*time.Hour))
	want := []string{"a 1h0m0s", "b 2h0m0s", "c 1440h0m0s"}
	if diff := cmp.Diff(want, d.ran); diff != "" || d.clock.Offset() != 90*24*time.Hour {
		t.Errorf("offset %v, jobs (-want +got):\n%s", d.clock.Offset(), diff)
	}
}

type moving struct{ *clock.Shifted }

func (m moving) Advance(_ context.Context, by time.Duration) error { m.Shifted.Advance(by); return nil }

// Run and RunDue claim side by side whenever a job ends: neither may take the
// other's claim for a job that will end, and wait for it.
func TestAdvanceBesideRunReturns(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	defer d.run(t)()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	d.do = func(ctx context.Context, l vault.Lease) error {
		return engine.Work(ctx, d.store, l, func(_ vault.Tx, o *vault.Object) error {
			o.SetJob(l.Kind, l.Due.Add(time.Second))
			return nil
		})
	}
	d.put(t, "again and again", time.Second)
	must.Do(t, d.Advance(ctx, moving{d.clock}, 10*time.Minute))
}

// What somebody outside lets hang holds up neither the moved clock, nor others,
// nor each other, and is not broken off when the clock has been moved.
func TestJobsAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		hangs := make(chan struct{})
		var broken atomic.Int32
		d.Aside = map[vault.JobKind]time.Duration{vault.JobDeliver: 2 * time.Second}
		d.Handlers[vault.JobDeliver] = func(ctx context.Context, l vault.Lease) error {
			if l.Ref.Name != "quick" {
				select {
				case <-hangs:
				case <-ctx.Done():
					broken.Add(1)
				}
			}
			return d.handle(ctx, l)
		}
		defer d.run(t)()
		for _, name := range []string{"one", "two", "three", "four", "quick"} { // more than there are slots
			j := vault.Job{Kind: vault.JobDeliver, Ref: vault.Ref{Vault: "-", Kind: vault.Sinks, Name: name}, Due: d.begin.Add(time.Minute)}
			must.Do(t, d.store.Update(t.Context(), func(tx vault.Tx) error { return engine.SetJob(tx, j.Kind, j.Ref, j.Due) }))
		}
		d.put(t, "order", 2*time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		must.Do(t, d.Advance(ctx, moving{d.clock}, time.Hour))
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("moving the clock took %v", took)
		}
		cancel() // as the call that moved the clock ends
		synctest.Wait()
		d.mu.Lock()
		ran := len(d.ran)
		d.mu.Unlock()
		if ran != 2 || broken.Load() != 0 {
			t.Errorf("%d jobs are done, want quick and order; %d were broken off", ran, broken.Load())
		}
		close(hangs)
		synctest.Wait()
		if len(d.ran) != 6 {
			t.Errorf("in the end %v", d.ran)
		}
	})
}

// A job that gives its slot back while somebody outside lets it hang holds up
// neither the moved clock nor others, and ends in its own time.
func TestYield(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		hangs := make(chan struct{})
		d.do = func(ctx context.Context, l vault.Lease) error {
			if l.Ref.Name != "quick" {
				worker.Yield(ctx)
				select {
				case <-hangs:
				case <-ctx.Done():
					t.Errorf("%s was broken off", l.Ref.Name)
				}
			}
			return d.finish(ctx, l)
		}
		stop := d.run(t)
		for _, name := range []string{"one", "three", "two"} { // more than there are slots
			d.put(t, name, time.Minute)
		}
		d.put(t, "quick", 2*time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		must.Do(t, d.Advance(ctx, moving{d.clock}, time.Hour))
		if took := time.Since(began); took > time.Second {
			t.Errorf("moving the clock took %v", took)
		}
		cancel() // as the call that moved the clock ends
		synctest.Wait()
		if d.mu.Lock(); len(d.ran) != 4 || d.ran[3] != "quick 2m0s" {
			t.Errorf("ran %v", d.ran)
		}
		d.mu.Unlock()
		close(hangs)
		stop() // returns when all have ended
		worker.Yield(t.Context())
	})
}
