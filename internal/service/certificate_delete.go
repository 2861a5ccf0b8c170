package service

import (
	"context"

	"certwright/internal/vault"
)

// together are the three shapes of a certificate, which are deleted, recovered and purged as one.
var together = []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets}

// DeleteCertificate soft-deletes a certificate with its key and secret. An
// operation in progress ends with it; one that has ended stays beside it.
func (s *Service) DeleteCertificate(ctx context.Context, who vault.Caller, ref vault.Ref) (Certificate, error) {
	if err := s.enter(ctx, who, "certificates/delete", ref); err != nil {
		return Certificate{}, err
	}
	gone := s.Settings(ref.Vault).Deletion(s.now())
	var c Certificate
	err := s.change(ctx, ref, func(tx vault.Tx) error {
		head, err := live(tx, ref)
		if err != nil {
			return err
		}
		if err := setDeletion(tx, head.Ref, &gone); err != nil {
			return err
		}
		head.Deletion = &gone
		if c, err = s.certificate(tx, head, ""); err != nil || !c.busy {
			return err
		}
		return dropOperation(tx, head.Ref)
	})
	return c, err
}

func setDeletion(tx vault.Tx, ref vault.Ref, d *vault.Deletion) error {
	for _, k := range together {
		head, ok, err := found(tx.Object(ref.As(k)))
		if err != nil {
			return err
		}
		if !ok || k != vault.Certificates && !head.Managed {
			continue
		}
		head.Deletion = d
		if _, err := tx.PutObject(head); err != nil {
			return err
		}
	}
	return nil
}

func dropOperation(tx vault.Tx, ref vault.Ref) error {
	if err := tx.DeleteJob(vault.JobIssue, ref); err != nil {
		return err
	}
	return tx.DeleteOperation(ref)
}

// GetDeletedCertificate returns a soft-deleted certificate.
func (s *Service) GetDeletedCertificate(ctx context.Context, who vault.Caller, ref vault.Ref) (Certificate, error) {
	if err := s.enter(ctx, who, "certificates/get", ref); err != nil {
		return Certificate{}, err
	}
	var c Certificate
	err := s.Store.View(ctx, func(r vault.Reader) error {
		head, err := deleted(r, ref)
		if err != nil {
			return err
		}
		c, err = s.certificate(r, head, "")
		return err
	})
	return c, err
}

// RecoverCertificate brings a soft-deleted certificate back with its key and secret.
func (s *Service) RecoverCertificate(ctx context.Context, who vault.Caller, ref vault.Ref) (Certificate, error) {
	if err := s.enter(ctx, who, "certificates/recover", ref); err != nil {
		return Certificate{}, err
	}
	var c Certificate
	err := s.change(ctx, ref, func(tx vault.Tx) error {
		head, err := tx.Object(ref)
		if head, err = one(head, err, vault.NoSuchObject(ref)); err != nil {
			return err
		}
		if head.Deletion == nil {
			return vault.ExistsAlready(head.Ref)
		}
		if err := setDeletion(tx, head.Ref, nil); err != nil {
			return err
		}
		head.Deletion = nil
		c, err = s.certificate(tx, head, "")
		return err
	})
	return c, err
}

// PurgeCertificate removes a soft-deleted certificate for good, with its key,
// secret, versions and operation.
func (s *Service) PurgeCertificate(ctx context.Context, who vault.Caller, ref vault.Ref) error {
	if err := s.enter(ctx, who, "certificates/purge", ref); err != nil {
		return err
	}
	protected := s.Settings(ref.Vault).PurgeProtection
	return s.change(ctx, ref, func(tx vault.Tx) error {
		head, err := deleted(tx, ref)
		if err != nil {
			return err
		}
		if protected {
			return vault.PurgeProtected()
		}
		return purge(tx, head.Ref)
	})
}

func purge(tx vault.Tx, ref vault.Ref) error {
	for _, k := range together {
		head, ok, err := found(tx.Object(ref.As(k)))
		if err != nil {
			return err
		}
		if ok && (k == vault.Certificates || head.Managed) {
			if err := tx.Purge(ref.As(k)); err != nil {
				return err
			}
		}
	}
	return nil
}
