package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// offsetSetting is where the clock's offset survives a restart.
const offsetSetting = "clock.offset"

// A keptClock is the server's clock: real time and an offset that the store keeps.
type keptClock struct {
	*clock.Shifted
	store  vault.Store // nil where the offset is not kept
	moving sync.Mutex
}

// openClock restores the offset of the last run.
func (s *storage) openClock(ctx context.Context) (*keptClock, error) {
	if t := s.options.Trial; t != nil {
		return &keptClock{Shifted: t.Clock}, nil
	}
	k := &keptClock{Shifted: new(clock.Shifted), store: s.store}
	var kept string
	err := s.store.View(ctx, func(r vault.Reader) (err error) {
		kept, err = r.Setting(offsetSetting)
		return err
	})
	if errors.Is(err, vault.ErrNotFound) {
		return k, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the clock's offset: %w", err)
	}
	offset, err := time.ParseDuration(kept)
	if err != nil {
		return nil, fmt.Errorf("read the clock's offset: %w", err)
	}
	k.Set(offset)
	return k, nil
}

// refuseMoved refuses a database whose clock somebody moved.
func (k *keptClock) refuseMoved() error {
	if offset := k.Offset(); offset != 0 {
		return fmt.Errorf("the clock of this database was moved by %v: it is one of a development server, and its certificates were issued at times that have not come\nhint: begin with another data folder", offset)
	}
	return nil
}

// Advance keeps the new offset, then shows it.
func (k *keptClock) Advance(ctx context.Context, d time.Duration) error {
	k.moving.Lock()
	defer k.moving.Unlock()
	if d <= 0 {
		return nil
	}
	return k.put(ctx, min(k.Offset()+min(d, clock.Furthest), clock.Furthest))
}

// Back puts the clock back to real time, for a reset.
func (k *keptClock) Back(ctx context.Context) error {
	k.moving.Lock()
	defer k.moving.Unlock()
	if k.Offset() == 0 {
		return nil
	}
	return k.put(ctx, 0)
}

func (k *keptClock) put(ctx context.Context, offset time.Duration) error {
	if k.store == nil {
		k.Set(offset)
		return nil
	}
	err := k.store.Update(ctx, func(tx vault.Tx) error { return tx.PutSetting(offsetSetting, offset.String()) })
	if err != nil {
		return fmt.Errorf("keep the clock's offset: %w", err)
	}
	k.Set(offset)
	return nil
}

// watchClock looks every minute, as the worker does, whether the clock was set back.
func (s *Server) watchClock() {
	each(s.ctx, time.Minute, func() {
		if err := s.service.Sweeper.WatchClock(s.ctx); err != nil && s.ctx.Err() == nil {
			s.log.Error("the clock could not be watched", "error", err)
		}
	})
}

// each does something again and again, first after a while, until ctx ends.
func each(ctx context.Context, while time.Duration, do func()) {
	tick := time.NewTicker(while)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do()
		}
	}
}
