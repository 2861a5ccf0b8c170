package order

import (
	"context"
	"errors"
	"fmt"
	"time"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// conclude stores the outcome. An operation that was deleted or overwritten
// meanwhile has no use for it; its issuer is told.
func (s *Orders) conclude(ctx context.Context, l vault.Lease, was vault.Operation, next outcome) error {
	s.report(was, next)
	now := s.Now()
	gone := false
	err := s.Change(ctx, was.Ref, func(tx vault.Tx) error {
		gone = false
		if err := tx.Finish(l); err != nil {
			return err
		}
		op, ok, err := engine.Found(tx.Operation(was.Ref))
		if err != nil || !ok || op.RequestID != was.RequestID || op.Status != vault.InProgress {
			gone = err == nil
			return errors.Join(err, handBack(tx, l, op))
		}
		return s.storeOutcome(tx, op, was, next, now)
	})
	if errors.Is(err, vault.ErrStale) { // the job was withdrawn, or another worker's turn came
		gone, err = s.replaced(ctx, was)
	}
	if gone && err == nil {
		err = s.orphan(ctx, was, next)
	}
	s.Poke()
	return err
}

// replaced reports whether an operation is not the one in progress any more.
// Where it still is, another worker has its job, after a lease that ended in the
// midst of a step, and repeats the step: nothing is to be taken back.
func (s *Orders) replaced(ctx context.Context, was vault.Operation) (yes bool, err error) {
	err = s.Store.View(ctx, func(r vault.Reader) error {
		op, ok, err := engine.Found(r.Operation(was.Ref))
		yes = !ok || op.RequestID != was.RequestID || op.Status != vault.InProgress
		return err
	})
	return yes && err == nil, err
}

// handBack puts the job again where it is not the operation's that was read
// before the job was taken, but that of another one that took its place.
func handBack(tx vault.Tx, l vault.Lease, op vault.Operation) error {
	if op.Status != vault.InProgress || op.Manual() {
		return nil
	}
	return tx.PutJob(l.Job)
}

// report tells the log what a step at an issuer came to.
func (s *Orders) report(was vault.Operation, next outcome) {
	if was.Issuer == nil && !was.Renewal { // a caller asked for it, and watches
		return
	}
	log := s.Log.With("vault", was.Vault, "certificate", was.Name, "issuer", was.IssuerName, "request", was.RequestID)
	p := next.progress
	for _, n := range p.Notes {
		log.Info("order", "note", n)
	}
	switch {
	case next.retry != nil:
		log.Warn("issuer could not be asked", "attempt", was.Attempt+1, "again", next.due, "error", next.retry)
	case next.paced && p.Detail != was.Detail:
		log.Info("order", "state", vault.InProgress, "detail", p.Detail)
	case next.made != nil:
		log.Info("order", "state", vault.Completed, "version", next.made.certificate.ID)
	case p.Failure != nil:
		log.Warn("order", "state", vault.Failed, "code", p.Failure.Code, "message", p.Failure.Message)
	case p.Cancelled:
		log.Info("order", "state", vault.Cancelled)
	default:
		log.Debug("order", "state", vault.InProgress, "detail", p.Detail, "again", next.due)
	}
}

// noted returns the operation with what the step achieved in its history.
func (o outcome) noted(op vault.Operation, now time.Time) vault.Operation {
	if op.Issuer == nil {
		return op
	}
	p := o.progress
	for _, n := range p.Notes {
		op = op.Noted(now, n)
	}
	switch {
	case o.paced && (p.Detail == "" || p.Detail == op.Detail):
	case o.paced:
		op = op.Noted(now, p.Detail)
	case o.retry != nil:
		op = op.Noted(now, "The issuer could not be asked: "+o.retry.Error())
	case o.made != nil:
		op = op.Noted(now, fmt.Sprintf("Issued; version %s is valid until %s.", o.made.certificate.ID, o.made.certificate.Attributes.Expires.Format(time.RFC3339)))
	case p.Failure != nil:
		op = op.Noted(now, p.Failure.Code+": "+p.Failure.Message)
	case p.Cancelled:
		op = op.Noted(now, "Cancelled.")
	case o.cancelLost:
		op = op.Noted(now, "The issuer goes on in spite of the cancellation.")
	case p.Detail != "" && p.Detail != op.Detail:
		op = op.Noted(now, p.Detail)
	}
	return op
}

// storeOutcome writes what came of a step that was taken with the operation as it was.
func (s *Orders) storeOutcome(tx vault.Tx, op, was vault.Operation, next outcome, now time.Time) error {
	p := next.progress
	op = next.noted(op, now)
	op.State, op.Attempt, op.Detail = p.State, 0, p.Detail
	asked := op.Asks
	if op.Approval == nil {
		op.Asks = p.Asks
	}
	switch {
	case next.paced:
		op.Attempt = was.Attempt
	case next.retry != nil:
		op.Attempt = was.Attempt + 1
	}
	if next.takeBack {
		if err := s.takeBack(tx, op, now); err != nil {
			return err
		}
	}
	switch {
	case next.made != nil:
		return s.complete(tx, next.made.as(op), op)
	case p.Failure != nil:
		return s.endWithout(tx, op.Fail(*p.Failure), now)
	case p.Cancelled && !op.CancelRequested && (op.Self() || op.Manual()):
		next.due = goOn(op, was) // the wish was withdrawn before it was carried out
	case p.Cancelled:
		return s.endWithout(tx, op.Cancel(), now)
	}
	if op.Asks && !asked {
		var err error
		if op, err = s.Schedule.AskApproval(tx, op, now); err != nil {
			return err
		}
	}
	return later(tx, op, was, next)
}

// endWithout stores an operation that ended without a version.
func (s *Orders) endWithout(tx vault.Tx, op vault.Operation, now time.Time) error {
	if _, err := tx.PutOperation(op); err != nil {
		return err
	}
	return s.Schedule.RenewalEnded(tx, op, now)
}

// later stores an operation that stays in progress, and when it is looked at again.
func later(tx vault.Tx, op, was vault.Operation, next outcome) error {
	op.CancelLost = op.CancelRequested && (op.CancelLost || next.cancelLost)
	meanwhile := op.CancelRequested && !(was.CancelRequested && was.CancelDue.Equal(op.CancelDue))
	if meanwhile && !op.CancelLost && op.CancelDue.Before(next.due) {
		next.due = op.CancelDue // a cancel that came while the issuer was asked
	}
	if op.Approval != nil && was.Approval == nil {
		next.due = op.Approval.At // so did an operator's word
	}
	if op.Hastened.After(was.Hastened) && op.Hastened.Before(next.due) {
		next.due = op.Hastened // what was mended, the step may not have seen
	}
	if _, err := tx.PutOperation(op); err != nil || next.due.IsZero() {
		return err
	}
	return tx.PutJob(vault.Job{Kind: vault.JobIssue, Ref: op.Ref, Due: next.due, Attempt: op.Attempt})
}

// goOn is when an operation whose cancel was withdrawn is looked at again: at
// once, or never where a person merges.
func goOn(op, was vault.Operation) time.Time {
	if op.Manual() {
		return time.Time{}
	}
	return was.CancelDue
}
