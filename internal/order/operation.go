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
	err = s.SettleAndRead(ctx, ref, func(_ vault.Reader, o vault.Object) (err error) {
		op, err = operation(o, ref, requestID, vault.NoPending)
		return err
	})
	return op, engine.RefuseMissing(err, vault.NoPending(ref))
}

// operation returns the operation of a certificate if requestID names it, else a refusal.
func operation(o vault.Object, ref vault.Ref, requestID string, refusal func(vault.Ref) *vault.Error) (vault.Operation, error) {
	if o.Deletion != nil || o.Operation == nil || !o.Operation.Matches(requestID) {
		return vault.Operation{}, refusal(ref)
	}
	return *o.Operation, nil
}

// viewOperation reads the operation of a certificate as it stands.
func (s *Orders) viewOperation(ctx context.Context, ref vault.Ref, requestID string, refusal func(vault.Ref) *vault.Error, read func(vault.Object, vault.Operation) error) error {
	err := s.Store.View(ctx, func(r vault.Reader) error {
		o, err := r.Object(ref)
		if err != nil {
			return err
		}
		op, err := operation(o, ref, requestID, refusal)
		if err != nil {
			return err
		}
		return read(o, op)
	})
	return engine.RefuseMissing(err, refusal(ref))
}

// editOperation changes the operation of a certificate if requestID names it.
func (s *Orders) editOperation(ctx context.Context, ref vault.Ref, requestID string, refusal func(vault.Ref) *vault.Error,
	edit func(vault.Tx, *vault.Object, vault.Operation) error) error {
	err := s.Edit(ctx, ref, func(tx vault.Tx, o *vault.Object) error {
		op, err := operation(*o, ref, requestID, refusal)
		if err != nil {
			return err
		}
		return edit(tx, o, op)
	})
	return engine.RefuseMissing(err, refusal(ref))
}

// RequestCancel asks for an operation to be cancelled, or takes that back. The
// operation stays in progress for now, and the issuer may win.
func (s *Orders) RequestCancel(ctx context.Context, ref vault.Ref, requestID string, cancel bool) (op vault.Operation, err error) {
	now := s.Now()
	err = s.editOperation(ctx, ref, requestID, vault.NoPending, func(_ vault.Tx, o *vault.Object, was vault.Operation) error {
		if op, err = was.RequestCancel(cancel, now); err != nil {
			return err
		}
		o.Operation = &op
		rescheduleCancel(o, was, op)
		return nil
	})
	if err == nil {
		s.Poke()
	}
	return op, err
}

// rescheduleCancel lets the job fall due when the cancel does, or goes back to
// the order once the request is taken back. A worker that holds the job now sees
// the flag when it stores what it achieved.
func rescheduleCancel(o *vault.Object, was, op vault.Operation) {
	switch {
	case op.CancelRequested && !was.CancelRequested:
		o.SetJob(vault.JobIssue, op.CancelDue)
	case !op.CancelRequested && was.CancelRequested && op.Manual():
		o.DropJob(vault.JobIssue)
	case !op.CancelRequested && was.CancelRequested:
		o.SetJob(vault.JobIssue, was.CancelDue)
	}
}

// Delete removes the operation, whatever its state, and returns its
// last state. The certificate stays. The issuer is told, but may go on (seed).
func (s *Orders) Delete(ctx context.Context, ref vault.Ref, requestID string) (op vault.Operation, err error) {
	now := s.Now()
	err = s.editOperation(ctx, ref, requestID, vault.NoPendingToEnd, func(tx vault.Tx, o *vault.Object, was vault.Operation) error {
		op = was
		if err := s.Abandon(tx, o, now); err != nil || op.Status != vault.InProgress {
			return err
		}
		return s.Scheduler.EndedWithoutVersion(tx, o, op, now)
	})
	if err == nil {
		s.Poke()
	}
	return op, err
}

// Abandon takes the operation off its object; the issuer of one in progress is told.
func (s *Orders) Abandon(tx vault.Tx, o *vault.Object, now time.Time) error {
	op, running := o.Operation, o.InProgress()
	o.Operation = nil
	o.DropJob(vault.JobIssue)
	if !running {
		return nil
	}
	return s.takeBack(tx, *op, now)
}
