package service

import (
	"context"

	"certwright/internal/vault"
)

// DeleteCertificate soft-deletes a certificate with its key and secret. An
// operation in progress ends with it; one that has ended stays beside it.
func (s *Service) DeleteCertificate(ctx context.Context, who vault.Caller, ref vault.Ref) (c Certificate, err error) {
	now := s.now()
	err = s.softDelete(ctx, who, "certificates/delete", ref, func(tx vault.Tx, head vault.Object) error {
		if c, err = s.certificate(tx, head, ""); err != nil || !c.busy {
			return err
		}
		op, err := tx.Operation(head.Ref)
		if err != nil {
			return err
		}
		return s.abandon(tx, op, now)
	})
	if c.busy {
		s.Poke()
	}
	return c, err
}

func dropOperation(tx vault.Tx, ref vault.Ref) error {
	if err := tx.DeleteJob(vault.JobIssue, ref); err != nil {
		return err
	}
	return tx.DeleteOperation(ref)
}

// GetDeletedCertificate returns a soft-deleted certificate.
func (s *Service) GetDeletedCertificate(ctx context.Context, who vault.Caller, ref vault.Ref) (c Certificate, err error) {
	err = s.readDeleted(ctx, who, "certificates/get", ref, s.reading(&c))
	return c, err
}

// RecoverCertificate brings a soft-deleted certificate back with its key and secret.
func (s *Service) RecoverCertificate(ctx context.Context, who vault.Caller, ref vault.Ref) (c Certificate, err error) {
	err = s.recover(ctx, who, "certificates/recover", ref, s.reading(&c).then)
	return c, err
}

// PurgeCertificate removes a soft-deleted certificate for good, with its key,
// secret, versions and operation.
func (s *Service) PurgeCertificate(ctx context.Context, who vault.Caller, ref vault.Ref) error {
	return s.purge(ctx, who, "certificates/purge", ref)
}

// reading reads the latest version of a certificate into c.
func (s *Service) reading(c *Certificate) reading {
	return func(r vault.Reader, head vault.Object) (err error) {
		*c, err = s.certificate(r, head, "")
		return err
	}
}
