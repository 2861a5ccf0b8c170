package service

import (
	"context"
	"time"

	"certwright/internal/engine"
	"certwright/internal/schedule"
	"certwright/internal/vault"
)

// Delete hides an object until it is recovered or purged, a certificate with
// its key and secret. An operation in progress ends with it; one that has ended
// stays beside it.
func (s *Service) Delete(ctx context.Context, who vault.Caller, ref vault.Ref) (b Bundle, err error) {
	if err := s.enter(ctx, who, actions[ref.Kind].delete, ref); err != nil {
		return b, err
	}
	now := s.Now()
	err = s.Change(ctx, ref, func(tx vault.Tx) error {
		head, err := s.softDelete(tx, ref, now)
		if err != nil {
			return err
		}
		if b, err = s.bundle(tx, head, ""); err != nil {
			return err
		}
		return s.endWork(tx, b, now)
	})
	if b.busy {
		s.Poke()
	}
	return b, err
}

// softDelete marks every shape of an object as deleted.
func (s *Service) softDelete(tx vault.Tx, ref vault.Ref, at time.Time) (vault.Object, error) {
	head, err := engine.Existing(tx, ref)
	if err != nil {
		return head, err
	}
	if head.Managed {
		return head, vault.ManagedObject(ref.Kind, "delete")
	}
	last, err := engine.Version(tx, head, "")
	if err != nil {
		return head, err
	}
	if created := last.Attributes.Created; created.After(at) {
		at = created // versions made in one second are dated apart, ahead of the clock
	}
	gone := s.Settings(ref.Vault).Deletion(at)
	if err := setDeletion(tx, head.Ref, &gone); err != nil {
		return head, err
	}
	head.Deletion = &gone
	return head, s.Scheduler.PlanPurge(tx, head)
}

// endWork ends what is under way for an object that was deleted: a
// certificate's operation, a key's rotation.
func (s *Service) endWork(tx vault.Tx, b Bundle, now time.Time) error {
	switch ref := b.Version.Ref; {
	case ref.Kind == vault.Keys:
		return schedule.WithdrawRotation(tx, ref)
	case b.busy:
		op, err := tx.Operation(ref)
		if err != nil {
			return err
		}
		return s.Orders.Abandon(tx, op, now)
	}
	return nil
}

// GetDeleted returns a soft-deleted object. A name that nobody has is told
// otherwise than one that lives (recorded). A secret comes without its value;
// a disabled one is refused as a live one is (recorded; keys and certificates
// are not).
func (s *Service) GetDeleted(ctx context.Context, who vault.Caller, ref vault.Ref) (b Bundle, err error) {
	if err := s.MayGet(ctx, who, ref); err != nil {
		return b, err
	}
	err = s.Store.View(ctx, func(r vault.Reader) error {
		head, err := r.Object(ref)
		if head, err = engine.One(head, err, vault.NoSuchObject(ref)); err != nil {
			return err
		}
		if head.Deletion == nil {
			return vault.NoSuchDeleted(ref)
		}
		b, err = s.bundle(r, head, "")
		return err
	})
	if err == nil && ref.Kind == vault.Secrets && !b.Version.Attributes.Enabled {
		err = vault.DisabledObject(ref.Kind, "get")
	}
	return b, err
}

// Purge removes a soft-deleted object for good, a certificate with its
// key, secret, versions and operation.
func (s *Service) Purge(ctx context.Context, who vault.Caller, ref vault.Ref) error {
	if err := s.enter(ctx, who, actions[ref.Kind].purge, ref); err != nil {
		return err
	}
	protected := s.Settings(ref.Vault).PurgeProtection
	return s.Change(ctx, ref, func(tx vault.Tx) error {
		head, err := engine.Deleted(tx, ref)
		switch {
		case err != nil:
			return err
		case head.Managed:
			return vault.ManagedObject(ref.Kind, "purge")
		case protected:
			return vault.PurgeProtected()
		}
		return schedule.PurgeObject(tx, head.Ref)
	})
}

func setDeletion(tx vault.Tx, ref vault.Ref, d *vault.Deletion) error {
	return engine.EachShape(tx, ref, func(o vault.Object) error {
		o.Deletion = d
		_, err := tx.PutObject(o)
		return err
	})
}
