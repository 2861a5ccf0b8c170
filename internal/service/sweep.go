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
	sweepPlace = "sweep" // the setting that says how far it is
)

// sweepRef is where the sweep's job is.
var sweepRef = vault.Ref{Vault: "-", Kind: "sweeps", Name: "daily"}

// StartSweep puts the job of the daily sweep, if there is none. Call it when
// the server starts.
func (s *Service) StartSweep(ctx context.Context) error {
	now := s.now()
	return s.Store.Update(ctx, func(tx vault.Tx) error {
		_, ok, err := found(tx.Job(vault.JobSweep, sweepRef))
		if err != nil || ok {
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
	next := vault.Job{Kind: vault.JobSweep, Ref: sweepRef, Due: now}
	place := ""
	var sick []vault.Ref
	err := s.Store.View(ctx, func(r vault.Reader) error {
		after, err := sweptTo(r)
		if err != nil {
			return err
		}
		refs, err := r.Heads(after, sweepPage)
		if err != nil {
			return err
		}
		if len(refs) == sweepPage {
			place = refs[len(refs)-1].String()
		} else {
			next.Due = now.Add(sweepEvery)
		}
		sick, err = s.sick(r, refs)
		return err
	})
	if err != nil {
		return err
	}
	err = s.Store.Update(ctx, func(tx vault.Tx) error {
		if err := tx.Finish(l); err != nil {
			return err
		}
		for _, ref := range sick {
			if err := s.heal(tx, ref, now); err != nil {
				return err
			}
		}
		if err := tx.PutSetting(sweepPlace, place); err != nil {
			return err
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

// sick picks the objects whose jobs are not those that they should have.
func (s *Service) sick(r vault.Reader, refs []vault.Ref) (list []vault.Ref, err error) {
	for _, ref := range refs {
		well, err := s.well(r, ref)
		if err != nil {
			return nil, err
		}
		if !well {
			list = append(list, ref)
		}
	}
	return list, nil
}

func (s *Service) well(r vault.Reader, ref vault.Ref) (bool, error) {
	a, err := s.ageOf(r, ref)
	switch {
	case err != nil:
		return false, err
	case a.head.Deletion != nil:
		return dueAt(r, vault.JobPurge, a.head.Ref, a.head.Deletion.PurgeAt, true)
	case a.lost():
		if _, there, err := found(r.Job(vault.JobIssue, ref)); err != nil || !there {
			return false, err
		}
	}
	if !a.ok {
		return true, nil
	}
	due, any := nextDeed(a.head.Deeds(a.version, a.life, a.busy, s.Settings(ref.Vault)))
	return dueAt(r, vault.JobLife, a.head.Ref, due, any)
}

// lost reports whether the operation is stuck unless it has a job.
func (a age) lost() bool { return a.busy && !a.op.Manual() }

// dueAt reports whether there is a job due at that time, or none where none is wanted.
func dueAt(r vault.Reader, kind vault.JobKind, ref vault.Ref, due time.Time, wanted bool) (bool, error) {
	j, there, err := found(r.Job(kind, ref))
	return there == wanted && (!there || j.Due.Equal(due)), err
}

// heal puts the jobs that an object should have.
func (s *Service) heal(tx vault.Tx, ref vault.Ref, now time.Time) error {
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
