package service

import (
	"context"
	"time"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// Update changes attributes and tags of a version, the latest for
// id "", and mirrors them to its key and secret. nbf and exp are always the
// certificate's own (docs/contract/certificates.md).
func (s *Certificates) Update(ctx context.Context, who vault.Caller, ref vault.Ref, id string, in UpdateInput) (Bundle, error) {
	if err := s.enter(ctx, who, actions[vault.Certificates].update, ref); err != nil {
		return Bundle{}, err
	}
	now := s.Now()
	var c Bundle
	err := s.Change(ctx, ref, func(tx vault.Tx) error {
		head, err := engine.Existing(tx, ref)
		if err != nil {
			return err
		}
		v, err := engine.Version(tx, head, id)
		if err != nil {
			return err
		}
		if err := update(tx, v, in, now); err != nil {
			return err
		}
		if v.ID == head.Latest {
			if err := updateOrder(tx, v, in); err != nil {
				return err
			}
		}
		if in.Enabled != nil {
			if err := s.Scheduler.Replan(tx, head.Ref); err != nil {
				return err
			}
		}
		c, err = s.bundle(tx, head, id)
		return err
	})
	return c, err
}

func update(tx vault.Tx, v vault.Version, in UpdateInput, now time.Time) error {
	attrs, tags := v.Attributes.Changed(now), v.Tags
	if in.Enabled != nil && !v.Pending {
		attrs.Enabled = *in.Enabled
	}
	if in.Tags != nil {
		tags = in.Tags
	}
	kinds := []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets}
	if v.Pending {
		kinds = kinds[:1]
	}
	for _, k := range kinds {
		if err := tx.UpdateVersion(v.Ref.As(k), v.ID, attrs, tags); err != nil {
			return err
		}
	}
	return nil
}

// updateOrder hands what a caller says of a certificate that is still to come
// to the order that makes it, so that an acknowledged tag is not lost. So does
// what is said of one while it is being renewed: a renewal carries it on, and a
// certificate that was disabled does not come back by itself.
func updateOrder(tx vault.Tx, v vault.Version, in UpdateInput) error {
	op, ok, err := engine.Found(tx.Operation(v.Ref))
	if err != nil || !ok || !v.Pending && !(op.Renewal && op.Status == vault.InProgress) {
		return err
	}
	if in.Enabled != nil {
		op.Enabled = *in.Enabled
	}
	if in.Tags != nil {
		op.Tags = in.Tags
	}
	_, err = tx.PutOperation(op)
	return err
}
