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
// heals within a day.
func (s *Service) Sweep(ctx context.Context, l vault.Lease) error {
	now := s.now()
	err := s.Store.Update(ctx, func(tx vault.Tx) error {
		if err := tx.Finish(l); err != nil {
			return err
		}
		after, err := sweptTo(tx)
		if err != nil {
			return err
		}
		refs, err := tx.Heads(after, sweepPage)
		if err != nil {
			return err
		}
		for _, ref := range refs {
			if err := s.heal(tx, ref); err != nil {
				return err
			}
		}
		next := vault.Job{Kind: vault.JobSweep, Ref: sweepRef, Due: now}
		place := ""
		if len(refs) == sweepPage {
			place = refs[len(refs)-1].String()
		} else {
			next.Due = now.Add(sweepEvery)
		}
		if err := tx.PutSetting(sweepPlace, place); err != nil {
			return err
		}
		return tx.PutJob(next)
	})
	if errors.Is(err, vault.ErrStale) {
		return nil
	}
	return err
}

// heal puts the jobs that an object should have.
func (s *Service) heal(tx vault.Tx, ref vault.Ref) error {
	head, ok, err := found(tx.Object(ref))
	if err != nil || !ok || head.Managed {
		return err
	}
	if head.Deletion != nil {
		return s.planPurge(tx, head)
	}
	return s.replanLife(tx, ref)
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
