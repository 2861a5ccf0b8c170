package schedule

import (
	"context"
	"errors"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// PlanPurge puts the job that removes a soft-deleted object on its date, and
// withdraws what its schedule would have asked for.
func (s *Scheduler) PlanPurge(tx vault.Tx, head vault.Object) error {
	if err := tx.DeleteJob(vault.JobSchedule, head.Ref); err != nil {
		return err
	}
	return tx.PutJob(vault.Job{Kind: vault.JobPurge, Ref: head.Ref, Due: head.Deletion.PurgeAt})
}

// Purge is the handler of JobPurge: it removes a soft-deleted object whose date
// has come, in one transaction. Purge protection guards an object until its
// date, not beyond (docs/contract/wire.md).
func (s *Scheduler) Purge(ctx context.Context, l vault.Lease) error {
	now := s.Now()
	err := s.Change(ctx, l.Ref, func(tx vault.Tx) error {
		if err := tx.Finish(l); err != nil {
			return err
		}
		head, ok, err := engine.Found(tx.Object(l.Ref))
		switch {
		case err != nil || !ok || head.Managed || head.Deletion == nil:
			return err
		case now.Before(head.Deletion.PurgeAt):
			return s.PlanPurge(tx, head)
		}
		return PurgeObject(tx, head.Ref)
	})
	if errors.Is(err, vault.ErrStale) {
		return nil
	}
	return err
}

// PurgeObject removes an object with everything that belongs to it.
func PurgeObject(tx vault.Tx, ref vault.Ref) error {
	return engine.EachShape(tx, ref, func(o vault.Object) error { return tx.Purge(o.Ref) })
}
