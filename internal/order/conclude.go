package order

import (
	"cmp"
	"context"
	"errors"
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
		return s.storeOutcome(tx, conclusion{op: op, was: was, next: next, now: now})
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

// report writes into the log what a step at an issuer came to.
func (s *Orders) report(was vault.Operation, next outcome) {
	if was.Issuer == nil && !was.Renewal { // a caller asked for it, and watches
		return
	}
	log := s.Log.With("vault", was.Vault, "certificate", was.Name, "issuer", was.IssuerName, "request", was.RequestID)
	for _, n := range next.progress.Notes {
		log.Info("order", "note", n)
	}
	c := consequences[next.word(was)]
	log.Log(context.Background(), c.level, cmp.Or(c.log, "order"), c.attrs(next, was)...)
}

// noted returns the operation with what the step achieved in its history.
func (o outcome) noted(op vault.Operation, now time.Time) vault.Operation {
	if op.Issuer == nil {
		return op
	}
	for _, n := range o.progress.Notes {
		op = op.Noted(now, n)
	}
	return op.Noted(now, consequences[o.word(op)].history(o, op))
}

// A conclusion is what a step came to for an operation as it is stored now; was
// is the operation that the step was taken with.
type conclusion struct {
	op, was vault.Operation
	next    outcome
	asks    bool // an operator's approval is asked for, and was not before
	now     time.Time
}

// storeOutcome writes what came of a step.
func (s *Orders) storeOutcome(tx vault.Tx, c conclusion) error {
	p, then := c.next.progress, consequences[c.next.word(c.op)]
	c.op = c.next.noted(c.op, c.now)
	c.op.State, c.op.Attempt, c.op.Detail = p.State, 0, p.Detail
	c.op = c.op.Asked(c.now, then.attempt != nil)
	if then.attempt != nil {
		c.op.Attempt = then.attempt(c.was.Attempt)
	}
	if c.op.Approval == nil {
		c.asks, c.op.Asks = p.Asks && !c.op.Asks, p.Asks
	}
	if c.next.takeBack {
		if err := s.takeBack(tx, c.op, c.now); err != nil {
			return err
		}
	}
	return then.effect(s, tx, c)
}

// endCancelled ends an operation that was cancelled, unless the request to
// cancel was taken back before it was carried out.
func (s *Orders) endCancelled(tx vault.Tx, c conclusion) error {
	if c.op.CancelRequested || !c.op.Self() && !c.op.Manual() {
		return s.endWithout(tx, c.op.Cancel(), c.now)
	}
	c.next.due = c.was.CancelDue // looked at again at once
	if c.op.Manual() {
		c.next.due = time.Time{} // a person merges
	}
	return s.goOn(tx, c)
}

// goOn stores an operation that stays in progress.
func (s *Orders) goOn(tx vault.Tx, c conclusion) (err error) {
	if c.asks {
		if c.op, err = s.Scheduler.AskApproval(tx, c.op, c.now); err != nil {
			return err
		}
	}
	return later(tx, c.op, c.was, c.next)
}

// endWithout stores an operation that ended without a version.
func (s *Orders) endWithout(tx vault.Tx, op vault.Operation, now time.Time) error {
	if _, err := tx.PutOperation(op); err != nil {
		return err
	}
	return s.Scheduler.RenewalEnded(tx, op, now)
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
