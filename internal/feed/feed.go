// Package feed keeps what this process remembers of rows no older than a second,
// where other servers write them too: it asks the store again and again what was
// changed, and says whether that is known well enough. It may not know what is
// remembered, nor by whom. Begin with Follower.
package feed

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// MaxAge is how old what is remembered may be at most.
const MaxAge = time.Second

// every is how often the store is asked: twice within MaxAge with room to spare.
const every = 250 * time.Millisecond

// A Follower asks what other servers changed. Its fields are set before Run.
type Follower struct {
	Next func(context.Context) (vault.Changes, error) // what was changed since it was asked last; all after an error
	Told func(vault.Changes)                          // what was remembered of it is to be read again
	Log  *slog.Logger

	known atomic.Pointer[time.Time] // when the last look began that was told to its end
}

// Fresh reports whether all that was committed until a second ago has been told.
// Where it was not, whoever remembers something asks the store about it.
func (f *Follower) Fresh() bool {
	at := f.known.Load()
	if at == nil {
		return false
	}
	now := clock.Real{}.Now()
	// The clock of the process may stand still while its machine sleeps, and the
	// one on the wall may be set back: neither alone is believed.
	return now.Sub(*at) <= MaxAge && now.Round(0).Sub(at.Round(0)) <= MaxAge
}

// Run follows until ctx ends. What cannot be read is tried again, and is told in
// the log when it begins and when it ends.
func (f *Follower) Run(ctx context.Context) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	lost := false
	for {
		err := f.look(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !lost:
			f.Log.Warn("what other servers changed cannot be read: everything is compared with the database until it can", "error", err)
		case err == nil && lost:
			f.Log.Info("what other servers changed is followed again")
		}
		lost = err != nil
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

// look asks once.
func (f *Follower) look(ctx context.Context) error {
	began := clock.Real{}.Now()
	changes, err := f.Next(ctx)
	if err != nil {
		return err
	}
	f.Told(changes)
	f.known.Store(&began)
	return nil
}
