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
	err = s.Change(ctx, ref, func(tx vault.Tx) error {
		head, err := tx.Object(ref)
		if head, err = engine.One(head, err, vault.NoSuchObject(ref)); err != nil {
			return err
		}
		switch {
		case head.Managed:
			return vault.ManagedObject(ref.Kind, "recover")
		case head.Deletion == nil:
			return vault.ExistsAlready(head.Ref)
		}
		if err := setDeletion(tx, head.Ref, nil); err != nil {
			return err
		}
		head.Deletion = nil
		if err := tx.DeleteJob(vault.JobPurge, head.Ref); err != nil {
			return err
		}
		b, err = s.resume(tx, head)
		return err
	})
	if err == nil {
		s.Poke()
	}
	return b, err
}

// resume plans what an object that is back asks for, and reads it.
func (s *Service) resume(tx vault.Tx, head vault.Object) (Bundle, error) {
	if err := s.Scheduler.Replan(tx, head.Ref); err != nil {
		return Bundle{}, err
	}
	b, err := s.bundle(tx, head, "")
	if err != nil || head.Kind != vault.Keys {
		return b, err
	}
	return b, schedule.PlanRotation(tx, head, b.Version)
}
