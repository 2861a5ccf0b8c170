package schedule

import (
	"context"
	"errors"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

const (
	sweepEvery = 24 * time.Hour
	sweepKeeps = 20_000  // objects of which is kept that they were found well
	sweepPlace = "sweep" // the setting that says how far it is
)

// sweepRef is where the sweep's job is.
var sweepRef = vault.Ref{Vault: "-", Kind: "sweeps", Name: "daily"}

// A Sweeper looks at every object once a day, and at the clock.
type Sweeper struct {
	*Scheduler
	checkups *lru.Cache[vault.Ref, checkup] // what was found well
}

// NewSweeper returns a sweeper of what a scheduler plans.
func NewSweeper(s *Scheduler) (*Sweeper, error) {
	checkups, err := lru.New[vault.Ref, checkup](sweepKeeps)
	return &Sweeper{Scheduler: s, checkups: checkups}, err
}

// Start puts the job of the daily sweep, if there is none, or one that a
// wrong clock has put far ahead. Call it when the server starts.
func (s *Sweeper) Start(ctx context.Context) error {
	now := s.Now()
	return s.Store.Update(ctx, func(tx vault.Tx) error {
		j, ok, err := engine.Found(tx.Job(vault.JobSweep, sweepRef))
		if err != nil || ok && !j.Due.After(now.Add(sweepEvery)) {
			return err
		}
		return tx.PutJob(vault.Job{Kind: vault.JobSweep, Ref: sweepRef, Due: now.Add(sweepEvery)})
	})
}

// Sweep is the handler of JobSweep: it works out anew, page by page, what the
// age and the deletion of every object ask for, so that a job that was lost
// heals within a day. It looks first and writes only where a job is not right.
func (s *Sweeper) Sweep(ctx context.Context, l vault.Lease) error {
	now := s.Now()
	var heads []vault.Head
	var back bool
	err := s.Store.View(ctx, func(r vault.Reader) error {
		after, err := sweptTo(r)
		if err == nil {
			heads, err = r.Heads(after, engine.PageSize)
		}
		if err == nil {
			back, err = setBack(r)
		}
		return err
	})
	if err != nil {
		return err
	}
	next, place := vault.Job{Kind: vault.JobSweep, Ref: sweepRef, Due: now}, ""
	if len(heads) == engine.PageSize {
		place = heads[len(heads)-1].Ref.String()
	} else {
		next.Due = now.Add(sweepEvery)
	}
	sick, err := s.sick(ctx, heads, back, now)
	if err != nil {
		return err
	}
	err = s.Store.Update(ctx, func(tx vault.Tx) error {
		if err := tx.Finish(l); err != nil {
			return err
		}
		for _, ref := range sick {
			if err := s.heal(tx, ref, back, now); err != nil {
				return err
			}
		}
		if err := tx.PutSetting(sweepPlace, place); err != nil {
			return err
		}
		if back && place == "" {
			if err := tx.PutSetting(sweepBack, ""); err != nil {
				return err
			}
		}
		return tx.PutJob(next)
	})
	if errors.Is(err, vault.ErrStale) {
		return nil
	}
	if err == nil && len(sick) > 0 {
		s.Log.Warn("jobs were put right", "objects", len(sick), "first", sick[0].String())
	}
	return err
}

// A checkup is the epoch and the due time with which an object was found well.
// While both are the same it need not be looked at again.
type checkup struct {
	epoch uint64
	due   int64
}

// sick picks the objects whose jobs are not those that they should have.
func (s *Sweeper) sick(ctx context.Context, heads []vault.Head, back bool, at time.Time) (list []vault.Ref, err error) {
	now := make([]checkup, len(heads))
	for i, h := range heads { // before the objects are read, so that no write is missed
		now[i] = checkup{s.Epoch(h.Ref), h.Due.UnixNano()}
	}
	err = s.Store.View(ctx, func(r vault.Reader) error {
		for i, h := range heads {
			if was, ok := s.checkups.Get(h.Ref); ok && was == now[i] && !back {
				continue
			}
			well, idle, err := s.well(r, h, back, at)
			switch {
			case err != nil:
				return err
			case !well:
				list = append(list, h.Ref)
			case idle:
				s.checkups.Add(h.Ref, now[i])
			}
		}
		return nil
	})
	return list, err
}

// well reports whether an object has the jobs that it should have; idle: no
// operation is in progress, and nobody is owed mail.
func (s *Sweeper) well(r vault.Reader, h vault.Head, back bool, now time.Time) (well, idle bool, err error) {
	c, err := s.Current(r, h.Ref)
	switch {
	case err != nil:
		return false, false, err
	case c.Head.Deletion != nil:
		return h.Due.Equal(c.Head.Deletion.PurgeAt), true, nil
	case c.lost():
		if _, there, err := engine.Found(r.Job(vault.JobIssue, h.Ref)); err != nil || !there {
			return false, false, err
		}
	}
	if !c.Exists {
		return true, !c.Busy, nil
	}
	if owed, err := owes(r, c); err != nil || owed || c.Schedule.Ahead(now, back) {
		return false, false, err
	}
	due, any := nextDue(s.due(c))
	return any != h.Due.IsZero() && (!any || due.Equal(h.Due)), !c.Busy && len(c.Schedule.Owed) == 0, nil
}

// owes reports whether there are contacts now that are owed mail about an object.
func owes(r vault.Reader, c Current) (bool, error) {
	if len(c.Schedule.Owed) == 0 {
		return false, nil
	}
	contacts, _, err := engine.Found(r.Contacts(c.Head.Vault))
	return len(vault.Addresses(contacts)) > 0, err
}

// heal puts the jobs that an object should have.
func (s *Sweeper) heal(tx vault.Tx, ref vault.Ref, back bool, now time.Time) error {
	c, err := s.Current(tx, ref)
	switch {
	case err != nil || c.Head.Managed:
		return err
	case c.Head.Deletion != nil:
		return s.PlanPurge(tx, c.Head)
	case c.lost():
		_, there, err := engine.Found(tx.Job(vault.JobIssue, ref))
		if err == nil && !there {
			err = tx.PutJob(vault.Job{Kind: vault.JobIssue, Ref: c.Head.Ref, Due: now, Attempt: c.Operation.Attempt})
		}
		if err != nil {
			return err
		}
	}
	if !c.Exists {
		return nil
	}
	if owed, err := owes(tx, c); err != nil {
		return err
	} else if owed {
		if err := tx.PutJob(vault.Job{Kind: vault.JobOwed, Ref: ContactsRef(c.Head.Vault), Due: now}); err != nil {
			return err
		}
	}
	if c.Schedule.Ahead(now, back) {
		c.Schedule = c.Schedule.Healed(now)
		if err := tx.PutSchedule(c.Head.Ref, c.Schedule); err != nil {
			return err
		}
	}
	return s.Plan(tx, c.Head, c.Version, c.Schedule, c.Busy)
}

// sweptTo is the object that the sweep has come to; the zero Ref is the beginning.
func sweptTo(r vault.Reader) (ref vault.Ref, err error) {
	text, _, err := engine.Found(r.Setting(sweepPlace))
	if err != nil || text == "" {
		return ref, err
	}
	parts := strings.SplitN(text, "/", 3)
	if len(parts) != 3 {
		return ref, nil
	}
	return vault.Ref{Vault: parts[0], Kind: vault.Kind(parts[1]), Name: parts[2]}, nil
}
