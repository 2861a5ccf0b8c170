package schedule

import (
	"context"
	"errors"
	"maps"
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
	checkups *lru.Cache[vault.Ref, int64] // the revision with which an object was found well
}

// NewSweeper returns a sweeper of what a scheduler plans.
func NewSweeper(s *Scheduler) (*Sweeper, error) {
	checkups, err := lru.New[vault.Ref, int64](sweepKeeps)
	return &Sweeper{Scheduler: s, checkups: checkups}, err
}

// Start puts the job of the daily sweep, if there is none, or one that a
// wrong clock has put far ahead. Call it when the server starts.
func (s *Sweeper) Start(ctx context.Context) error {
	now := s.Now()
	return engine.Update(ctx, s.Store, func(tx vault.Tx) error {
		o, _, err := engine.Found(tx.Object(sweepRef))
		if due, planned := o.Jobs[vault.JobSweep]; err != nil || planned && !due.After(now.Add(sweepEvery)) {
			return err
		}
		return engine.SetJob(tx, vault.JobSweep, sweepRef, now.Add(sweepEvery))
	})
}

// Sweep is the handler of JobSweep: it works out anew, page by page, what the
// age and the deletion of every object ask for, so that a job that was lost
// heals within a day. It looks first and writes only where a job is not right.
func (s *Sweeper) Sweep(ctx context.Context, l vault.Lease) error {
	now := s.Now()
	var page []vault.Object
	var back bool
	err := s.Store.View(ctx, func(r vault.Reader) error {
		after, err := sweptTo(r)
		if err == nil {
			page, err = r.AllObjects(after, engine.PageSize)
		}
		if err == nil {
			back, err = setBack(r)
		}
		return err
	})
	if err != nil {
		return err
	}
	next, place := now, ""
	if len(page) == engine.PageSize {
		place = page[len(page)-1].Ref.String()
	} else {
		next = now.Add(sweepEvery)
	}
	healed, err := s.heal(ctx, page, back, now)
	if err != nil {
		return err
	}
	if len(healed) > 0 {
		s.Log.Warn("jobs were put right", "objects", len(healed), "first", healed[0].String())
	}
	return s.Work(ctx, l, func(tx vault.Tx, o *vault.Object) error {
		if anew, err := engine.Anew(tx, o, l); anew || err != nil {
			return err // the clock was set back meanwhile: from the beginning
		}
		o.SetJob(vault.JobSweep, next)
		if back && place == "" {
			if err := tx.PutSetting(sweepBack, ""); err != nil {
				return err
			}
		}
		return tx.PutSetting(sweepPlace, place)
	})
}

// heal gives every object of a page the jobs that it should have, and returns those that had others.
func (s *Sweeper) heal(ctx context.Context, page []vault.Object, back bool, now time.Time) (healed []vault.Ref, err error) {
	for _, o := range page {
		if rev, ok := s.checkups.Get(o.Ref); ok && rev == o.Rev && !back || o.Ref == sweepRef {
			continue
		}
		well, idle, err := s.well(ctx, o, back, now)
		if errors.Is(err, vault.ErrAltered) { // the store tells of it; the others go on
			continue
		}
		if err != nil {
			return healed, err
		}
		if !well {
			healed = append(healed, o.Ref)
			if err := s.edit(ctx, o.Ref, func(tx vault.Tx, o *vault.Object) error { return s.setRight(tx, o, back, now) }); err != nil {
				return healed, err
			}
		} else if idle {
			s.checkups.Add(o.Ref, o.Rev)
		}
	}
	return healed, nil
}

// well reports whether an object has the jobs that it should have; idle: no
// operation is in progress, and nobody is owed mail.
func (s *Sweeper) well(ctx context.Context, o vault.Object, back bool, now time.Time) (well, idle bool, err error) {
	err = s.Store.View(ctx, func(r vault.Reader) error {
		right := o
		if err := s.setJobs(r, &right, back, now); err != nil {
			return err
		}
		owed, err := owes(r, o)
		well = maps.EqualFunc(o.Jobs, right.Jobs, time.Time.Equal) && !owed && !ahead(o, back, now)
		idle = !o.InProgress() && len(o.Schedule.Owed) == 0
		return err
	})
	return well, idle, err
}

// ahead reports whether an object's schedule waits for a time so far ahead that the clock was wrong when it was set.
func ahead(o vault.Object, back bool, now time.Time) bool {
	return o.Deletion == nil && !o.Pending() && o.Schedule.Of(o.Latest).Ahead(now, back)
}

// owes reports whether there are contacts now that are owed mail about an object.
func owes(r vault.Reader, o vault.Object) (bool, error) {
	if o.Deletion != nil || len(o.Schedule.Owed) == 0 {
		return false, nil
	}
	contacts, _, err := engine.Found(r.Contacts(o.Vault))
	return len(vault.Addresses(contacts)) > 0, err
}

// setRight gives an object the jobs that it should have.
func (s *Sweeper) setRight(tx vault.Tx, o *vault.Object, back bool, now time.Time) error {
	owed, err := owes(tx, *o)
	if err != nil {
		return err
	}
	if owed {
		if err := engine.SetJob(tx, vault.JobOwed, ContactsRef(o.Vault), now); err != nil {
			return err
		}
	}
	if ahead(*o, back, now) {
		o.Schedule = o.Schedule.Healed(now)
	}
	return s.setJobs(tx, o, back, now)
}

// setJobs works out the jobs of an object anew. What only waits for its turn, and
// is no date of the object's, waits no longer once the clock was set back.
func (s *Sweeper) setJobs(r vault.Reader, o *vault.Object, back bool, now time.Time) error {
	for _, kind := range waits {
		if due, planned := o.Jobs[kind]; back && planned && due.After(now) {
			o.SetJob(kind, now)
		}
	}
	switch {
	case o.Deletion != nil:
		s.PlanPurge(o)
		return nil
	case !o.Kind.Public():
		return nil
	}
	if _, planned := o.Jobs[vault.JobIssue]; o.InProgress() && !o.Operation.Manual() && !planned {
		o.SetJob(vault.JobIssue, now) // lost: it would be stuck
	}
	return s.Replan(r, o)
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
