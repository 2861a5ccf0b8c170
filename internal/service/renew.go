package service

import (
	"context"
	"fmt"
	"time"

	"certwright/internal/vault"
)

// planRenewal works out the operation that gives a certificate its next
// version: like a create that names no policy, with tags and state carried on.
// The current version is not touched before the new one is complete.
func (s *Service) planRenewal(ctx context.Context, a age) (*plan, error) {
	was := a.version
	enabled := was.Attributes.Enabled
	p, err := s.plan(ctx, a.head.Ref, CreateInput{Tags: was.Tags, Enabled: &enabled,
		PreserveOrder: was.Certificate != nil && was.Certificate.PreserveOrder})
	if err != nil {
		return nil, err
	}
	if p.rev != a.head.Rev {
		return nil, errChanged
	}
	p.op.Renewal = true
	p.op = p.op.Noted(p.now, fmt.Sprintf("Renewal of version %s, which expires at %s.", was.ID, was.Attributes.Expires.Format(time.RFC3339)))
	p.op = p.op.Noted(p.now, a.head.Deviation(was, s.Settings(a.head.Vault)))
	return &p, s.stage(&p)
}

// renewalRefused notes a renewal that could not even begin: its issuer is gone
// or disabled, or does not take the policy any more. The pending object shows it.
func (s *Service) renewalRefused(ctx context.Context, l vault.Lease, was age, why *vault.Error, now time.Time) error {
	err := s.change(ctx, was.head.Ref, func(tx vault.Tx) error {
		if err := tx.Finish(l); err != nil {
			return err
		}
		a, err := s.ageOf(tx, was.head.Ref)
		if err != nil || !a.ok || a.head.Policy == nil {
			return err
		}
		if a.changed(was) {
			return errChanged
		}
		op := newOperation(a.head.Ref, *a.head.Policy, CreateInput{Tags: a.version.Tags}, now)
		op.Renewal, op.Rev = true, a.op.Rev
		op = op.Fail(why.Failure())
		op = op.Noted(now, "The renewal of version "+a.version.ID+" could not begin: "+why.Message)
		if _, err := tx.PutOperation(op); err != nil {
			return err
		}
		return s.renewalFailed(tx, a, op, now)
	})
	return err
}

// renewalEnded is called where an operation ends without a version. A renewal
// is tried again by the ladder; the version in use stays as it is.
func (s *Service) renewalEnded(tx vault.Tx, op vault.Operation, now time.Time) error {
	a, err := s.ageOf(tx, op.Ref)
	if err != nil || !a.ok {
		return err
	}
	a.busy = false
	if !op.Renewal {
		return s.planLife(tx, a.head, a.version, a.life, a.busy)
	}
	return s.renewalFailed(tx, a, op, now)
}

func (s *Service) renewalFailed(tx vault.Tx, a age, op vault.Operation, now time.Time) error {
	life := a.life.Due(now).Failed(now, a.version.Attributes.Expires)
	if op.Failure != nil && !life.Did(vault.DidFailure) {
		life = life.Do(vault.DidFailure)
		if err := s.tell(tx, failedMessage(a.version, op, life.Retry, now)); err != nil {
			return err
		}
		var err error
		if life, err = s.owed(tx, a.version, life, vault.DidFailure, failedMail(a.version, op, life.Retry), now); err != nil {
			return err
		}
	}
	if err := tx.PutLife(a.head.Ref, life); err != nil {
		return err
	}
	return s.planLife(tx, a.head, a.version, life, false)
}
