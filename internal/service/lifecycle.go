package service

import (
	"context"

	"certwright/internal/vault"
)

// A reading is what an operation wants to know of the object it changed, read
// in the same transaction.
type reading func(r vault.Reader, head vault.Object) error

// softDelete hides an object until it is recovered or purged.
func (s *Service) softDelete(ctx context.Context, who vault.Caller, do vault.Action, ref vault.Ref, read func(vault.Tx, vault.Object) error) error {
	if err := s.enter(ctx, who, do, ref); err != nil {
		return err
	}
	now := s.now()
	return s.change(ctx, ref, func(tx vault.Tx) error {
		head, err := live(tx, ref)
		if err != nil {
			return err
		}
		if head.Managed {
			return vault.ManagedObject(ref.Kind, "delete")
		}
		last, err := version(tx, head, "")
		if err != nil {
			return err
		}
		at := now
		if created := last.Attributes.Created; created.After(at) {
			at = created // versions made in one second are dated apart, ahead of the clock
		}
		gone := s.Settings(ref.Vault).Deletion(at)
		if err := setDeletion(tx, head.Ref, &gone); err != nil {
			return err
		}
		head.Deletion = &gone
		if err := s.planPurge(tx, head); err != nil {
			return err
		}
		return read(tx, head)
	})
}

// recover brings a soft-deleted object back.
func (s *Service) recover(ctx context.Context, who vault.Caller, do vault.Action, ref vault.Ref, read func(vault.Tx, vault.Object) error) error {
	if err := s.enter(ctx, who, do, ref); err != nil {
		return err
	}
	return s.change(ctx, ref, func(tx vault.Tx) error {
		head, err := tx.Object(ref)
		if head, err = one(head, err, vault.NoSuchObject(ref)); err != nil {
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
		if err := s.replanLife(tx, head.Ref); err != nil {
			return err
		}
		return read(tx, head)
	})
}

// purge removes a soft-deleted object for good.
func (s *Service) purge(ctx context.Context, who vault.Caller, do vault.Action, ref vault.Ref) error {
	if err := s.enter(ctx, who, do, ref); err != nil {
		return err
	}
	protected := s.Settings(ref.Vault).PurgeProtection
	return s.change(ctx, ref, func(tx vault.Tx) error {
		head, err := deleted(tx, ref)
		switch {
		case err != nil:
			return err
		case head.Managed:
			return vault.ManagedObject(ref.Kind, "purge")
		case protected:
			return vault.PurgeProtected()
		}
		return purgeShapes(tx, head.Ref)
	})
}

// then makes a reading into what recover and restore call.
func (read reading) then(tx vault.Tx, head vault.Object) error { return read(tx, head) }

// readDeleted reads a soft-deleted object. A name that nobody has is told
// otherwise than one that lives (recorded).
func (s *Service) readDeleted(ctx context.Context, who vault.Caller, do vault.Action, ref vault.Ref, read reading) error {
	if err := s.enter(ctx, who, do, ref); err != nil {
		return err
	}
	return s.Store.View(ctx, func(r vault.Reader) error {
		head, err := r.Object(ref)
		if head, err = one(head, err, vault.NoSuchObject(ref)); err != nil {
			return err
		}
		if head.Deletion == nil {
			return vault.NoSuchDeleted(ref)
		}
		return read(r, head)
	})
}

func setDeletion(tx vault.Tx, ref vault.Ref, d *vault.Deletion) error {
	return eachShape(tx, ref, func(o vault.Object) error {
		o.Deletion = d
		_, err := tx.PutObject(o)
		return err
	})
}
