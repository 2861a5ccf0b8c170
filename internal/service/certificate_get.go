package service

import (
	"context"
	"time"

	"certwright/internal/vault"
)

// GetCertificate returns a version: the latest, with policy, for id "". A
// certificate whose first version is not complete shows its placeholder.
func (s *Service) GetCertificate(ctx context.Context, who vault.Caller, ref vault.Ref, id string) (Certificate, error) {
	if err := s.enter(ctx, who, "certificates/get", ref); err != nil {
		return Certificate{}, err
	}
	if err := s.settle(ctx, ref); err != nil {
		return Certificate{}, err
	}
	var c Certificate
	err := s.Store.View(ctx, func(r vault.Reader) error {
		head, err := live(r, ref)
		if err != nil {
			return err
		}
		c, err = s.certificate(r, head, id)
		return err
	})
	return c, err
}

// certificate reads one version with what the wire shows around it. The policy
// belongs to the name, so it is shown only where no version was asked for.
func (s *Service) certificate(r vault.Reader, head vault.Object, id string) (Certificate, error) {
	v, err := version(r, head, id)
	if err != nil {
		return Certificate{}, err
	}
	c := Certificate{Version: v, Deletion: head.Deletion, Settings: s.Settings(head.Vault)}
	if id == "" {
		c.Policy = head.Policy
	}
	c.NoSANs = head.Policy != nil && head.Policy.X509.SANs != nil && head.Policy.X509.SANs.Empty()
	op, pending, err := found(r.Operation(head.Ref))
	c.Pending, c.busy = pending, pending && op.Status == vault.InProgress
	return c, err
}

// UpdateCertificate changes attributes and tags of a version, the latest for
// id "", and mirrors them to its key and secret. nbf and exp are always the
// certificate's own (WIRE section 3).
func (s *Service) UpdateCertificate(ctx context.Context, who vault.Caller, ref vault.Ref, id string, in UpdateInput) (Certificate, error) {
	if err := s.enter(ctx, who, "certificates/update", ref); err != nil {
		return Certificate{}, err
	}
	now := s.now()
	var c Certificate
	err := s.change(ctx, ref, func(tx vault.Tx) error {
		head, err := live(tx, ref)
		if err != nil {
			return err
		}
		v, err := version(tx, head, id)
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
			if err := s.replanLife(tx, head.Ref); err != nil {
				return err
			}
		}
		c, err = s.certificate(tx, head, id)
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
	op, ok, err := found(tx.Operation(v.Ref))
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

// Settled reports whether an answer about the certificate may be kept: its
// operation, if there is one, has ended, so that no GET would move it.
func (c Certificate) Settled() bool { return !c.busy }
