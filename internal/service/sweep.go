package service

import (
	"context"
	"errors"
	"strings"
	"time"

	"certwright/internal/vault"
)

const (
	sweepEvery = 24 * time.Hour
	sweepPage  = 200     // objects looked at in one transaction
	sweepKeeps = 20_000  // objects of which is kept that they were found well
	sweepPlace = "sweep" // the setting that says how far it is
)

// sweepRef is where the sweep's job is.
var sweepRef = vault.Ref{Vault: "-", Kind: "sweeps", Name: "daily"}

// StartSweep puts the job of the daily sweep, if there is none, or one that a
// wrong clock has put far ahead. Call it when the server starts.
func (s *Service) StartSweep(ctx context.Context) error {
	now := s.now()
	return s.Store.Update(ctx, func(tx vault.Tx) error {
		j, ok, err := found(tx.Job(vault.JobSweep, sweepRef))
		if err != nil || ok && !j.Due.After(now.Add(sweepEvery)) {
			return err
		}
		return tx.PutJob(vault.Job{Kind: vault.JobSweep, Ref: sweepRef, Due: now.Add(sweepEvery)})
	})
}

// Sweep is the handler of JobSweep: it works out anew, page by page, what the
// age and the deletion of every object ask for, so that a job that was lost
// heals within a day. It looks first and writes only where a job is not right.
func (s *Service) Sweep(ctx context.Context, l vault.Lease) error {
	now := s.now()
	var heads []vault.Head
	var back bool
	err := s.Store.View(ctx, func(r vault.Reader) error {
		after, err := sweptTo(r)
		if err == nil {
			heads, err = r.Heads(after, sweepPage)
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
	if len(heads) == sweepPage {
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
func (s *Service) sick(ctx context.Context, heads []vault.Head, back bool, at time.Time) (list []vault.Ref, err error) {
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
func (s *Service) well(r vault.Reader, h vault.Head, back bool, now time.Time) (well, idle bool, err error) {
	a, err := s.ageOf(r, h.Ref)
	switch {
	case err != nil:
		return false, false, err
	case a.head.Deletion != nil:
		return h.Due.Equal(a.head.Deletion.PurgeAt), true, nil
	case a.lost():
		if _, there, err := found(r.Job(vault.JobIssue, h.Ref)); err != nil || !there {
			return false, false, err
		}
	}
	if !a.ok {
		return true, !a.busy, nil
	}
	if owed, err := owes(r, a); err != nil || owed || a.life.Ahead(now, back) {
		return false, false, err
	}
	due, any := nextDeed(a.head.Deeds(a.version, a.life, a.busy, s.Settings(h.Ref.Vault)))
	return any != h.Due.IsZero() && (!any || due.Equal(h.Due)), !a.busy && len(a.life.Owed) == 0, nil
}

// owes reports whether there are contacts now that are owed mail about an object.
func owes(r vault.Reader, a age) (bool, error) {
	if len(a.life.Owed) == 0 {
		return false, nil
	}
	contacts, _, err := found(r.Contacts(a.head.Vault))
	return len(addresses(contacts)) > 0, err
}

// lost reports whether the operation is stuck unless it has a job.
func (a age) lost() bool { return a.busy && !a.op.Manual() }

// heal puts the jobs that an object should have.
func (s *Service) heal(tx vault.Tx, ref vault.Ref, back bool, now time.Time) error {
	a, err := s.ageOf(tx, ref)
	switch {
	case err != nil || a.head.Managed:
		return err
	case a.head.Deletion != nil:
		return s.planPurge(tx, a.head)
	case a.lost():
		_, there, err := found(tx.Job(vault.JobIssue, ref))
		if err == nil && !there {
			err = tx.PutJob(vault.Job{Kind: vault.JobIssue, Ref: a.head.Ref, Due: now, Attempt: a.op.Attempt})
		}
		if err != nil {
			return err
		}
	}
	if !a.ok {
		return nil
	}
	if owed, err := owes(tx, a); err != nil {
		return err
	} else if owed {
		if err := tx.PutJob(vault.Job{Kind: vault.JobHear, Ref: contactsRef(a.head.Vault), Due: now}); err != nil {
			return err
		}
	}
	if a.life.Ahead(now, back) {
		a.life = a.life.Healed(now)
		if err := tx.PutLife(a.head.Ref, a.life); err != nil {
			return err
		}
	}
	return s.planLife(tx, a.head, a.version, a.life, a.busy)
}

// sweptTo is the object that the sweep has come to; the zero Ref is the beginning.
func sweptTo(r vault.Reader) (ref vault.Ref, err error) {
	text, _, err := found(r.Setting(sweepPlace))
	if err != nil || text == "" {
		return ref, err
	}
	parts := strings.SplitN(text, "/", 3)
	if len(parts) != 3 {
		return ref, nil
	}
	return vault.Ref{Vault: parts[0], Kind: vault.Kind(parts[1]), Name: parts[2]}, nil
}
