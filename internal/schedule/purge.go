package schedule

import (
	"context"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// PlanPurge lets a soft-deleted object be removed on its date; nothing else of it falls due.
func (s *Scheduler) PlanPurge(o *vault.Object) {
	o.DropJob(vault.JobSchedule)
	o.SetJob(vault.JobPurge, o.Deletion.PurgeAt)
}

// Purge is the handler of JobPurge: it removes a soft-deleted object whose date
// has come. Purge protection guards an object until its date, not beyond
// (docs/contract/wire.md).
func (s *Scheduler) Purge(ctx context.Context, l vault.Lease) error {
	now := s.Now()
	return engine.IgnoreLost(s.ChangeAnew(ctx, l.Ref, func(tx vault.Tx) error {
		o, there, err := engine.Found(tx.Object(l.Ref))
		if err != nil || !there {
			return err
		}
		if err := engine.Finish(&o, l); err != nil {
			return err
		}
		switch {
		case o.Deletion == nil:
			return tx.PutObject(&o)
		case now.Before(o.Deletion.PurgeAt):
			s.PlanPurge(&o)
			return tx.PutObject(&o)
		}
		return tx.Purge(o)
	}))
}
