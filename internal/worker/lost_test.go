package worker_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/clock"
	"certwright/internal/engine"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
	"certwright/internal/worker"
)

// A lostStore hands out one lease, and prolongs it as long as its database is there.
type lostStore struct {
	fullStore
	gone   atomic.Bool
	silent chan struct{} // not nil: where it is gone it does not answer until this is closed
	asked  atomic.Int32
	given  atomic.Bool
}

func (s *lostStore) Claim(_ context.Context, _, now time.Time, lease time.Duration, _ int) ([]vault.Lease, error) {
	if s.given.Swap(true) {
		return nil, nil
	}
	return []vault.Lease{{Job: vault.Job{Kind: vault.JobIssue}, Token: "a", Until: now.Add(lease)}}, nil
}

func (s *lostStore) Extend(_ context.Context, l vault.Lease, until time.Time) (vault.Lease, error) {
	s.asked.Add(1)
	if !s.gone.Load() {
		l.Until = until
		return l, nil
	}
	if s.silent != nil {
		<-s.silent
	}
	return l, &vault.StorageError{Fault: vault.DatabaseAway, Err: errors.New("away")}
}

// View finds nothing due.
func (s *lostStore) View(context.Context, func(vault.Reader) error) error { return vault.ErrNotFound }

// Update is not asked of a job that was given up: nothing could be stored.
func (s *lostStore) Update(context.Context, func(vault.Tx) error) error {
	return errors.New("nobody should try")
}

// A job whose lease cannot be prolonged is stopped before the lease ends, whether
// the store says that it cannot or does not answer: another server may take it then.
func TestJobStopsBeforeItsLeaseEnds(t *testing.T) {
	t.Parallel()
	for what, silent := range map[string]bool{"refused": false, "silent": true} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := &lostStore{}
				if silent {
					store.silent = make(chan struct{})
				}
				var log strings.Builder
				began := time.Now()
				var stopped time.Duration
				w := worker.New(worker.Worker{Store: store, Clock: clock.Real{}, Slots: 1, Lease: 30 * time.Second, Log: slog.New(slog.NewTextHandler(&log, nil)),
					Handlers: map[vault.JobKind]worker.Handler{vault.JobIssue: func(ctx context.Context, _ vault.Lease) error {
						<-ctx.Done()
						stopped = time.Since(began)
						return ctx.Err()
					}}})
				ctx, end := context.WithCancel(t.Context())
				done := make(chan error)
				go func() { done <- w.Run(ctx) }()
				time.Sleep(65 * time.Second) // prolonged at 60 s for the last time: until 90 s
				store.gone.Store(true)
				time.Sleep(time.Minute)
				synctest.Wait()
				if stopped < 80*time.Second || stopped > 89*time.Second {
					t.Errorf("stopped after %v, its lease ended after 90 s", stopped)
				}
				if asked := store.asked.Load(); asked < 7 || !strings.Contains(log.String(), "lease") || strings.Contains(log.String(), "nobody should try") {
					t.Errorf("asked %d times, said %q", asked, log.String())
				}
				end()
				must.Do(t, <-done)
				if silent {
					close(store.silent)
				}
			})
		})
	}
}

// A server whose way to the database is silent has stopped its job when another
// server takes it.
func TestServerThatLostItsDatabase(t *testing.T) {
	t.Parallel()
	const lease = 3 * time.Second
	schema := sqltest.NewSchema(t, sqltest.Postgres(t)[0])
	host := strings.Split(strings.TrimPrefix(schema.URL, "postgres://certwright@"), "/")[0]
	way := sqltest.Lay(t, host)
	var mu sync.Mutex
	var took, stopped time.Time
	serve := func(url string, do worker.Handler) *worker.Worker {
		store, err := sqlstore.OpenPostgres(t.Context(), url)
		must.Do(t, err)
		w := worker.New(worker.Worker{Store: store, Clock: clock.Real{}, Slots: 1, Lease: lease, Log: slog.New(slog.DiscardHandler), Handlers: map[vault.JobKind]worker.Handler{vault.JobIssue: do}})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx) }()
		t.Cleanup(func() { stop(); must.Do(t, <-done); must.Do(t, store.Close()) })
		return w
	}
	began := make(chan struct{})
	first := serve(strings.Replace(schema.URL, host, way.Name(), 1), func(ctx context.Context, _ vault.Lease) error {
		close(began)
		<-ctx.Done()
		mu.Lock()
		defer mu.Unlock()
		stopped = time.Now()
		return ctx.Err()
	})
	ref := vault.Ref{Vault: "v", Kind: vault.Certificates, Name: "slow"}
	must.Do(t, first.Store.Update(t.Context(), func(tx vault.Tx) error { return engine.SetJob(tx, vault.JobIssue, ref, time.Now()) }))
	first.Poke()
	<-began
	time.Sleep(2 * lease) // it is prolonged
	way.Silence(true)
	taken := make(chan struct{})
	second := serve(schema.URL, func(ctx context.Context, l vault.Lease) error {
		mu.Lock()
		took = time.Now()
		mu.Unlock()
		close(taken)
		return nil
	})
	for waiting := true; waiting; {
		second.Poke()
		select {
		case <-taken:
			waiting = false
		case <-time.After(50 * time.Millisecond):
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if stopped.IsZero() || stopped.After(took) {
		t.Errorf("the first server stopped at %v, the second one began at %v", stopped, took)
	}
}
