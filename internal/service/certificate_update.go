package service

import (
	"context"
	"time"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// Update changes attributes and tags of a version, the latest for
// id "", and those of its key and secret with them. nbf and exp are always the
// certificate's own (docs/contract/certificates.md).
func (s *Certificates) Update(ctx context.Context, who vault.Caller, ref vault.Ref, id string, in UpdateInput) (Bundle, error) {
	if err := s.enter(ctx, who, actions[vault.Certificates].update, ref); err != nil {
		return Bundle{}, err
	}
	now := s.Now()
	var c Bundle
	err := s.editLive(ctx, ref, func(tx vault.Tx, o *vault.Object) error {
		v, err := engine.Version(tx, *o, id)
		if err != nil {
			return err
		}
		if v, err = in.apply(tx, o, v, now); err != nil {
			return err
		}
		if v.ID == o.Latest {
			updateOrder(o, in)
			s.Scheduler.Plan(o, v)
		}
		c, err = s.bundle(tx, *o, id)
		return err
	})
	return c, err
}

// apply changes a version, or the placeholder that stands for the first one.
func (in UpdateInput) apply(tx vault.Tx, o *vault.Object, v vault.Version, now time.Time) (vault.Version, error) {
	v.Attributes = v.Attributes.Changed(now)
	if in.Tags != nil {
		v.Tags = in.Tags
	}
	if v.Pending {
		o.Placeholder = &vault.Placeholder{Attributes: v.Attributes, Tags: v.Tags, Later: o.Placeholder.Later}
		return v, nil
	}
	if in.Enabled != nil {
		v.Attributes.Enabled = *in.Enabled
	}
	return v, tx.UpdateVersion(v.Ref, v.ID, v.Attributes, v.Tags)
}

// updateOrder hands what a caller says of a certificate that is still to come
// to the order that makes it, so that an acknowledged tag is not lost. So does
// what is said of one while it is being renewed: a renewal carries it on, and a
// certificate that was disabled does not come back by itself.
func updateOrder(o *vault.Object, in UpdateInput) {
	if o.Operation == nil || !o.Pending() && !(o.Operation.Renewal && o.InProgress()) {
		return
	}
	op := *o.Operation
	if in.Enabled != nil {
		op.Enabled = *in.Enabled
	}
	if in.Tags != nil {
		op.Tags = in.Tags
	}
	o.Operation = &op
}
