package schedule

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

const (
	sweepEvery = 24 * time.Hour
	sweepPage  = 2000    // objects whose revisions are looked at in one go
	sweepLook  = 100     // objects that are read in one snapshot
	sweepPlace = "sweep" // the setting that says how far it is
)

// sweepRef is where the sweep's job is.
var sweepRef = vault.Ref{Vault: "-", Kind: "sweeps", Name: "daily"}

// A Sweeper looks at every object once a day, and at the clock.
type Sweeper struct {
	*Scheduler
	checkups checkups // the revisions with which objects were found well
}

// NewSweeper returns a sweeper of what a scheduler plans.
func NewSweeper(s *Scheduler) *Sweeper { return &Sweeper{Scheduler: s} }

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
// heals within a day. It reads only those that were written since they were
// found well, and writes only where a job is not right.
func (s *Sweeper) Sweep(ctx context.Context, l vault.Lease) error {
	now := s.Now()
	page, back, err := s.sweepFrom(ctx)
	if err != nil {
		return err
	}
	next, place := now, ""
	if len(page) == sweepPage {
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

// sweepFrom returns the page that the sweep has come to, and whether the clock was set back.
func (s *Sweeper) sweepFrom(ctx context.Context) (page []vault.Revised, back bool, err error) {
	err = s.Store.View(ctx, func(r vault.Reader) error {
		after, err := sweptTo(r)
		if err == nil {
			page, err = r.Revisions(after, sweepPage)
		}
		if err == nil {
			back, err = setBack(r)
		}
		return err
	})
	return page, back, err
}

// heal gives every object of a page the jobs that it should have, and returns those that had others.
func (s *Sweeper) heal(ctx context.Context, page []vault.Revised, back bool, now time.Time) (healed []vault.Ref, err error) {
	page = slices.DeleteFunc(page, func(o vault.Revised) bool { return o.Ref == sweepRef || !back && s.checkups.well(o, now) })
	for look := range slices.Chunk(page, sweepLook) {
		unwell, err := s.look(ctx, look, back, now)
		if err != nil {
			return healed, err
		}
		for _, ref := range unwell {
			healed = append(healed, ref)
			if err := s.edit(ctx, ref, func(tx vault.Tx, o *vault.Object) error { return s.setRight(tx, o, back, now) }); err != nil {
				return healed, err
			}
		}
	}
	return healed, nil
}

// look returns which of some objects do not have the jobs that they should have.
func (s *Sweeper) look(ctx context.Context, some []vault.Revised, back bool, now time.Time) (unwell []vault.Ref, err error) {
	err = s.Store.View(ctx, func(r vault.Reader) error {
		for _, one := range some {
			o, there, err := engine.Found(r.Object(one.Ref))
			var well, idle bool
			if there {
				well, idle, err = s.well(r, o, back, now)
			}
			switch {
			case errors.Is(err, vault.ErrAltered): // the store tells of it; the others go on
			case err != nil:
				return err
			case there && !well:
				unwell = append(unwell, o.Ref)
			case idle:
				s.checkups.found(vault.Revised{Ref: one.Ref, Rev: o.Rev})
			}
		}
		return nil
	})
	return unwell, err
}

// well reports whether an object has the jobs that it should have; idle: no
// operation is in progress, and nobody is owed mail.
func (s *Sweeper) well(r vault.Reader, o vault.Object, back bool, now time.Time) (well, idle bool, err error) {
	right := o
	if err := s.setJobs(r, &right, back, now); err != nil {
		return false, false, err
	}
	owed, err := owes(r, o)
	well = maps.EqualFunc(o.Jobs, right.Jobs, time.Time.Equal) && !owed && !ahead(o, back, now)
	return well, well && !o.InProgress() && len(o.Schedule.Owed) == 0, err
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
