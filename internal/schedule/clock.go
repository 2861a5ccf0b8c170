package schedule

import (
	"context"
	"errors"
	"time"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

const (
	clockSeen = "clock.seen" // the setting that says how late it was last
	sweepBack = "sweep.back" // the one that says that the clock was set back since the last sweep
	seenEvery = 10 * time.Minute
	// clocks are set back by less all the time; what waits waits so much longer
	backSlack = 10 * time.Second
)

// waits are the jobs whose due times are waits, and no dates of objects.
var waits = []vault.JobKind{vault.JobIssue, vault.JobWithdraw, vault.JobDeliver, vault.JobOwed, vault.JobMend}

// WatchClock looks whether the clock was set back. What was put off until a
// time of the old clock would wait for years then: it is due at once, and a
// sweep puts right the rest. Call it when the server starts, and every minute.
func (s *Sweeper) WatchClock(ctx context.Context) error {
	now := s.Now()
	seen, err := s.seen(ctx)
	if err != nil {
		return err
	}
	back := now.Before(seen.Add(-backSlack))
	if !back && now.Before(seen.Add(seenEvery)) {
		return nil
	}
	err = engine.Update(ctx, s.Store, func(tx vault.Tx) error {
		if err := tx.PutSetting(clockSeen, now.Format(time.RFC3339)); err != nil || !back {
			return err
		}
		if err := s.deliverNow(tx, now); err != nil {
			return err
		}
		if err := errors.Join(tx.PutSetting(sweepBack, "yes"), tx.PutSetting(sweepPlace, "")); err != nil {
			return err
		}
		return engine.SetJob(tx, vault.JobSweep, sweepRef, now)
	})
	if err == nil && back {
		s.Log.Warn("the clock was set back; due times are put right", "was", seen, "is", now)
		s.Poke()
	}
	return err
}

// deliverNow lets what waits for receivers be due at once.
func (s *Sweeper) deliverNow(tx vault.Tx, now time.Time) error {
	sinks, err := tx.AllObjects(vault.SinkRef(""), engine.PageSize)
	if err != nil {
		return err
	}
	for _, o := range sinks {
		if due, planned := o.Jobs[vault.JobDeliver]; planned && due.After(now) {
			o.SetJob(vault.JobDeliver, now)
			if err := tx.PutObject(&o); err != nil {
				return err
			}
		}
	}
	return tx.HastenMessages(now)
}

// seen is how late it was when that was last written down.
func (s *Sweeper) seen(ctx context.Context) (at time.Time, err error) {
	err = s.Store.View(ctx, func(r vault.Reader) error {
		text, _, err := engine.Found(r.Setting(clockSeen))
		if err == nil && text != "" {
			at, _ = time.Parse(time.RFC3339, text) // one that cannot be read is written anew
		}
		return err
	})
	return at, err
}

// setBack reports whether the clock was set back since the last sweep.
func setBack(r vault.Reader) (bool, error) {
	text, _, err := engine.Found(r.Setting(sweepBack))
	return text != "", err
}
