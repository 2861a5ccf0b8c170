package order

import (
	"context"
	"time"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// Operation returns the pending operation of a certificate, finishing it first
// where nothing is left to wait for. requestID is a filter; "" names any.
func (s *Orders) Operation(ctx context.Context, ref vault.Ref, requestID string) (op vault.Operation, err error) {
	if err := s.Settle(ctx, ref); err != nil {
		return op, err
	}
	err = s.Store.View(ctx, func(r vault.Reader) (err error) {
		op, err = operation(r, ref, requestID, vault.NoPending)
		return err
	})
	return op, err
}

// operation returns the operation of an existing certificate if requestID names it,
// else the refusal missing.
func operation(r vault.Reader, ref vault.Ref, requestID string, missing func(vault.Ref) *vault.Error) (vault.Operation, error) {
	head, ok, err := engine.Found(r.Object(ref))
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
	return engine.One(op, err, missing(ref))
}

// RequestCancel asks for an operation to be cancelled, or takes that back. The
// operation stays in progress for now, and the issuer may win.
func (s *Orders) RequestCancel(ctx context.Context, ref vault.Ref, requestID string, cancel bool) (vault.Operation, error) {
	now := s.Now()
	var op vault.Operation
	err := s.Change(ctx, ref, func(tx vault.Tx) error {
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
// the order once the request is taken back. A worker that holds the job now sees
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

// Delete removes the operation, whatever its state, and returns its
// last state. The certificate stays. The issuer is told, but may go on (seed).
func (s *Orders) Delete(ctx context.Context, ref vault.Ref, requestID string) (vault.Operation, error) {
	now := s.Now()
	var op vault.Operation
	err := s.Change(ctx, ref, func(tx vault.Tx) (err error) {
		if op, err = operation(tx, ref, requestID, vault.NoPendingToEnd); err != nil {
			return err
		}
		if err := s.Abandon(tx, op, now); err != nil || op.Status != vault.InProgress {
			return err
		}
		return s.Scheduler.RenewalEnded(tx, op, now)
	})
	if err == nil {
		s.Poke()
	}
	return op, err
}

// Abandon removes an operation; the issuer of one in progress is told.
func (s *Orders) Abandon(tx vault.Tx, op vault.Operation, now time.Time) error {
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
