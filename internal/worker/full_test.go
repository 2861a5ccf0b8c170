package worker_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/clock"
	"certwright/internal/must"
	"certwright/internal/vault"
	"certwright/internal/worker"
)

// A fullStore has a job that is due and cannot lease it, as on a full disk.
type fullStore struct {
	vault.Store
	claims int
}

func (s *fullStore) Claim(context.Context, time.Time, time.Time, time.Duration, int) ([]vault.Lease, error) {
	s.claims++
	return nil, &vault.StorageError{Fault: vault.DiskFull, Err: errors.New("full")}
}

func (s *fullStore) View(_ context.Context, fn func(vault.Reader) error) error { return fn(due{}) }

type due struct{ vault.Reader }

func (due) NextDue(time.Time) (time.Time, error) { return time.Time{}, nil }

// While nothing can be stored the worker tries once a second, and leaves the
// words to the store.
func TestFullDiskIsNotHammered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		store := &fullStore{}
		w := worker.New(worker.Worker{Store: store, Clock: clock.Real{}, Slots: 2, Lease: time.Minute, Log: slog.New(slog.NewTextHandler(&log, nil))})
		ctx, end := context.WithTimeout(t.Context(), time.Minute)
		defer end()
		if err := w.Run(ctx); err != nil {
			t.Error(err)
		}
		if store.claims < 50 || store.claims > 61 || log.Len() > 0 {
			t.Errorf("claimed %d times in a minute and said %q", store.claims, log.String())
		}
	})
}

// A busyStore has work for every slot at once, and more that is due.
type busyStore struct {
	fullStore
	views int
	stop  context.CancelFunc
}

func (s *busyStore) Claim(_ context.Context, _, _ time.Time, _ time.Duration, n int) (leases []vault.Lease, err error) {
	for i := range n {
		leases = append(leases, vault.Lease{Job: vault.Job{Kind: vault.JobIssue}, Token: string(rune('a' + i))})
	}
	return leases, nil
}

func (s *busyStore) Extend(_ context.Context, l vault.Lease, _ time.Time) (vault.Lease, error) {
	return l, nil
}

func (s *busyStore) View(_ context.Context, fn func(vault.Reader) error) error {
	if s.views++; s.views > 1000 {
		s.stop() // a loop that never waits would have the test wait for ever
	}
	return fn(due{})
}

// While every slot is taken, what else is due is looked for when one is free, not
// over and over.
func TestFullSlotsAreWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithTimeout(t.Context(), time.Hour)
		defer end()
		store := &busyStore{stop: end}
		w := worker.New(worker.Worker{Store: store, Clock: clock.Real{}, Slots: 2, Lease: time.Minute, Log: slog.New(slog.DiscardHandler),
			Handlers: map[vault.JobKind]worker.Handler{vault.JobIssue: func(ctx context.Context, _ vault.Lease) error { <-ctx.Done(); return nil }}})
		must.Do(t, w.Run(ctx))
		if store.views > 100 {
			t.Errorf("looked %d times in an hour", store.views)
		}
	})
}

// A pokedStore tells of new work whenever the worker looks, as a busy server does.
type pokedStore struct {
	busyStore
	poke   func()
	claims int
}

func (s *pokedStore) Claim(context.Context, time.Time, time.Time, time.Duration, int) ([]vault.Lease, error) {
	s.claims++
	return nil, nil
}

func (s *pokedStore) View(_ context.Context, fn func(vault.Reader) error) error {
	s.poke()
	return fn(never{})
}

// never has nothing due.
type never struct{ vault.Reader }

func (never) NextDue(time.Time) (time.Time, error) { return time.Time{}, vault.ErrNotFound }

// Work that falls due later, and is told of while the worker looks, has it look
// then, not at once again.
func TestPokedWhileItLooks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithTimeout(t.Context(), 9*time.Second)
		defer end()
		store := &pokedStore{}
		w := worker.New(worker.Worker{Store: store, Clock: clock.Real{}, Slots: 2, Lease: time.Minute, Log: slog.New(slog.DiscardHandler)})
		store.poke = func() {
			if store.claims > 100 {
				end() // it looks over and over
			}
			w.PokeAt(time.Now().Add(2 * time.Second))
			w.PokeAt(time.Now().Add(time.Hour))
		}
		must.Do(t, w.Run(ctx))
		if store.claims != 5 {
			t.Errorf("looked %d times in 9 seconds, want every 2 seconds", store.claims)
		}
	})
}
