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
