package service

import (
	"context"
	"time"

	"certwright/internal/vault"
)

// GetOperation returns the pending operation of a certificate, finishing it
// first where nothing is left to wait for. requestID is a filter; "" names any.
func (s *Service) GetOperation(ctx context.Context, who vault.Caller, ref vault.Ref, requestID string) (vault.Operation, error) {
	if err := s.enter(ctx, who, "certificates/get", ref); err != nil {
		return vault.Operation{}, err
	}
	if err := s.settle(ctx, ref); err != nil {
		return vault.Operation{}, err
	}
	var op vault.Operation
	err := s.Store.View(ctx, func(r vault.Reader) (err error) {
		op, err = operation(r, ref, requestID, vault.NoPending)
		return err
	})
	return op, err
}

// operation returns the operation of a live certificate if requestID names it,
// else the refusal missing.
func operation(r vault.Reader, ref vault.Ref, requestID string, missing func(vault.Ref) *vault.Error) (vault.Operation, error) {
	head, ok, err := found(r.Object(ref))
	if err != nil {
		return vault.Operation{}, err
	}
	if !ok || head.Deletion != nil {
		return vault.Operation{}, missing(ref)
	}
	op, err := r.Operation(ref)
	if err == nil && !op.Matches(requestID) {
		err = vault.ErrNotFound
	}
	return one(op, err, missing(ref))
}

// UpdateOperation sets or clears the wish to cancel. The operation stays in
// progress for now, and the issuer may win.
func (s *Service) UpdateOperation(ctx context.Context, who vault.Caller, ref vault.Ref, requestID string, cancel bool) (vault.Operation, error) {
	if err := s.enter(ctx, who, "certificates/update", ref); err != nil {
		return vault.Operation{}, err
	}
	now := s.now()
	var op vault.Operation
	err := s.change(ctx, ref, func(tx vault.Tx) error {
		was, err := operation(tx, ref, requestID, vault.NoPending)
		if err != nil {
			return err
		}
		if op, err = was.RequestCancel(cancel, now); err != nil {
			return err
		}
		if _, err := tx.PutOperation(op); err != nil {
			return err
		}
		return rescheduleCancel(tx, was, op)
	})
	if err == nil {
		s.Poke()
	}
	return op, err
}

// rescheduleCancel lets the job fall due when the cancel does, or goes back to
// the order once the wish is withdrawn. A worker that holds the job now sees
// the flag when it stores what it achieved.
func rescheduleCancel(tx vault.Tx, was, op vault.Operation) error {
	j := vault.Job{Kind: vault.JobIssue, Ref: op.Ref, Attempt: op.Attempt}
	switch {
	case op.CancelRequested && !was.CancelRequested:
		j.Due = op.CancelDue
	case !op.CancelRequested && was.CancelRequested && op.Manual():
		return tx.DeleteJob(vault.JobIssue, op.Ref)
	case !op.CancelRequested && was.CancelRequested:
		j.Due = was.CancelDue
	default:
		return nil
	}
	return tx.PutJob(j)
}

// DeleteOperation removes the operation, whatever its state, and returns its
// last state. The certificate stays. The issuer is told, but may go on (seed).
func (s *Service) DeleteOperation(ctx context.Context, who vault.Caller, ref vault.Ref, requestID string) (vault.Operation, error) {
	if err := s.enter(ctx, who, "certificates/update", ref); err != nil {
		return vault.Operation{}, err
	}
	now := s.now()
	var op vault.Operation
	err := s.change(ctx, ref, func(tx vault.Tx) (err error) {
		if op, err = operation(tx, ref, requestID, vault.NoPendingToEnd); err != nil {
			return err
		}
		if err := s.abandon(tx, op, now); err != nil || op.Status != vault.InProgress {
			return err
		}
		return s.Schedule.RenewalEnded(tx, op, now)
	})
	if err == nil {
		s.Poke()
	}
	return op, err
}

// abandon removes an operation; the issuer of one in progress is told.
func (s *Service) abandon(tx vault.Tx, op vault.Operation, now time.Time) error {
	if op.Status == vault.InProgress {
		if err := s.takeBack(tx, op, now); err != nil {
			return err
		}
	}
	return dropOperation(tx, op.Ref)
}

func dropOperation(tx vault.Tx, ref vault.Ref) error {
	if err := tx.DeleteJob(vault.JobIssue, ref); err != nil {
		return err
	}
	return tx.DeleteOperation(ref)
}
