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
	err = s.editLive(ctx, ref, func(tx vault.Tx, o *vault.Object) error {
		if o.Managed {
			return vault.ManagedObject(ref.Kind, "delete")
		}
		last, err := engine.Version(tx, *o, "")
		if err != nil {
			return err
		}
		at := now
		if created := last.Attributes.Created; created.After(at) {
			at = created // versions made in one second are dated apart, ahead of the clock
		}
		gone := s.Settings(ref.Vault).Deletion(at)
		o.Deletion = &gone
		s.Scheduler.PlanPurge(o)
		if b, err = s.bundle(tx, *o, ""); err != nil {
			return err
		}
		return s.endWork(tx, o, now)
	})
	if b.busy {
		s.Poke()
	}
	return b, err
}

// endWork ends what is under way for an object that was deleted: a
// certificate's operation, a key's rotation.
func (s *Service) endWork(tx vault.Tx, o *vault.Object, now time.Time) error {
	if o.Kind == vault.Keys {
		schedule.DropRotation(o)
	}
	if !o.InProgress() {
		return nil
	}
	return s.Orders.Abandon(tx, o, now)
}

// editLive changes an object that is neither missing nor deleted.
func (s *shared) editLive(ctx context.Context, ref vault.Ref, edit func(vault.Tx, *vault.Object) error) error {
	err := s.Edit(ctx, ref, func(tx vault.Tx, o *vault.Object) error {
		if err := engine.Live(*o, ref); err != nil {
			return err
		}
		return edit(tx, o)
	})
	return engine.RefuseMissing(err, vault.NoSuchObject(ref))
}

// GetDeleted returns a soft-deleted object. A name that nobody has is told
// otherwise than one that lives (recorded). A secret comes without its value;
// a disabled one is refused as a live one is (recorded; keys and certificates
// are not).
func (s *Service) GetDeleted(ctx context.Context, who vault.Caller, ref vault.Ref) (b Bundle, err error) {
	if err := s.enter(ctx, who, actions[ref.Kind].getDeleted, ref); err != nil {
		return b, err
	}
	err = s.Store.View(ctx, func(r vault.Reader) error {
		o, err := engine.Either(r, ref)
		if err != nil {
			return err
		}
		if o.Deletion == nil {
			return vault.NoSuchDeleted(ref)
		}
		b, err = s.bundle(r, o, "")
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
		o, err := engine.Deleted(tx, ref)
		switch {
		case err != nil:
			return err
		case o.Managed:
			return vault.ManagedObject(ref.Kind, "purge")
		case protected:
			return vault.PurgeProtected()
		}
		return tx.Purge(o)
	})
}
