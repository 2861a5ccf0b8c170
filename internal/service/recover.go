package service

import (
	"context"

	"certwright/internal/engine"
	"certwright/internal/schedule"
	"certwright/internal/vault"
)

// Recover brings a soft-deleted object back, a certificate with its key
// and secret, a key with its rotation.
func (s *Service) Recover(ctx context.Context, who vault.Caller, ref vault.Ref) (b Bundle, err error) {
	if err := s.enter(ctx, who, actions[ref.Kind].recover, ref); err != nil {
		return b, err
	}
	err = s.Edit(ctx, ref, func(tx vault.Tx, o *vault.Object) error {
		switch {
		case o.Managed && o.Pending():
			return vault.NoSuchObject(ref)
		case o.Managed:
			return vault.ManagedObject(ref.Kind, "recover")
		case o.Deletion == nil:
			return vault.ExistsAlready(o.Ref)
		}
		o.Deletion = nil
		o.DropJob(vault.JobPurge)
		b, err = s.resume(tx, o)
		return err
	})
	if err == nil {
		s.Poke()
	}
	return b, engine.RefuseMissing(err, vault.NoSuchObject(ref))
}

// resume plans what an object that is back asks for, and reads it.
func (s *Service) resume(r vault.Reader, o *vault.Object) (Bundle, error) {
	if err := s.Scheduler.Replan(r, o); err != nil {
		return Bundle{}, err
	}
	b, err := s.bundle(r, *o, "")
	if err == nil && o.Kind == vault.Keys {
		schedule.PlanRotation(o, b.Version)
	}
	return b, err
}
