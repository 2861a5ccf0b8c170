package order

import (
	"cmp"
	"context"
	"errors"
	"time"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// conclude stores what came of a step that a worker was handed. An operation that
// was deleted or overwritten meanwhile has no use for it; its issuer is told.
func (s *Orders) conclude(ctx context.Context, l vault.Lease, was vault.Operation, next outcome) error {
	s.report(was, next)
	now := s.Now()
	var due time.Time
	err := s.Edit(ctx, was.Ref, func(tx vault.Tx, o *vault.Object) error {
		if !o.InProgress() || o.Operation.RequestID != was.RequestID {
			return vault.ErrNotFound
		}
		if err := engine.Finish(o, l); err != nil {
			return err // another worker has it, after a lease that ended in the midst of the step, and repeats the step
		}
		err := s.storeOutcome(tx, conclusion{o: o, op: *o.Operation, was: was, next: next, now: now})
		_, due, _ = o.NextJob()
		return err
	})
	if errors.Is(err, vault.ErrNotFound) {
		err = errors.Join(s.orphan(ctx, was, next), s.Drop(ctx, l))
	}
	s.wake(due)
	return engine.IgnoreLost(err)
}

// concludeForGet stores what came of a step that a GET took, on the object that it
// read; vault.ErrStale where the order ended or was cancelled since, or a worker was
// handed the job, and of a Self order, of which nothing is lost, after any change.
func (s *Orders) concludeForGet(ctx context.Context, was vault.Object, next outcome, show func(vault.Reader, vault.Object)) error {
	now := s.Now()
	var due time.Time
	err := s.Change(ctx, was.Ref, func(stored vault.Tx) error {
		tx := &fresh{Tx: stored}
		o, err := edited(tx, was)
		if err != nil {
			return err
		}
		o.DropJob(vault.JobIssue)
		if err := s.storeOutcome(tx, conclusion{o: &o, op: *o.Operation, was: *was.Operation, next: next, now: now}); err != nil {
			return err
		}
		_, due, _ = o.NextJob()
		if err := tx.PutObject(&o); err != nil {
			return err
		}
		show(tx, o)
		return nil
	})
	if err == nil {
		s.report(*was.Operation, next)
		s.wake(due)
	}
	return err
}

// edited is the object of an order that a GET took a step with, as it stands now:
// what an authority signed is not thrown away because of an edit. vault.ErrStale
// where the order does not go on as it did.
func edited(r vault.Reader, was vault.Object) (vault.Object, error) {
	if was.Operation.Issuer == nil {
		return was, nil
	}
	o, there, err := engine.Found(r.Object(was.Ref))
	if err != nil {
		return o, err
	}
	same := there && o.InProgress() && o.Operation.RequestID == was.Operation.RequestID
	if !same || o.Operation.CancelRequested || o.Lease.Token != was.Lease.Token {
		return o, vault.ErrStale
	}
	return o, nil
}

// wake tells the worker what falls due of an object; deliveries are due at once.
func (s *Orders) wake(due time.Time) {
	if s.Scheduler.Receivers != nil {
		s.Poke()
	} else if !due.IsZero() {
		s.PokeAt(due)
	}
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
	c := consequences[next.wordFor(was)]
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
	return op.Noted(now, consequences[o.wordFor(op)].history(o, op))
}

// A conclusion is what a step came to for an object and its operation as they are
// stored now; was is the operation that the step was taken with.
type conclusion struct {
	o       *vault.Object
	op, was vault.Operation
	next    outcome
	asks    bool // an operator's approval is asked for, and was not before
	now     time.Time
}

// storeOutcome puts what came of a step on the object.
func (s *Orders) storeOutcome(tx vault.Tx, c conclusion) error {
	p, then := c.next.progress, consequences[c.next.wordFor(c.op)]
	c.op = c.next.noted(c.op, c.now)
	c.op.State, c.op.Attempt, c.op.Detail = p.State, 0, p.Detail
	c.op = c.op.Reached(c.now, then.attempt != nil)
	if then.attempt != nil {
		c.op.Attempt = then.attempt(c.was.Attempt)
	}
	if c.op.Approval == nil {
		c.asks, c.op.WantsApproval = p.WantsApproval && !c.op.WantsApproval, p.WantsApproval
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
		return s.endWithout(tx, c, c.op.Cancel())
	}
	c.next.due = c.was.CancelDue // looked at again at once
	if c.op.Manual() {
		c.next.due = time.Time{} // a person merges
	}
	return s.goOn(tx, c)
}

// goOn keeps an operation in progress.
func (s *Orders) goOn(tx vault.Tx, c conclusion) (err error) {
	if c.asks {
		if c.op, err = s.Scheduler.AskApproval(tx, *c.o, c.op, c.now); err != nil {
			return err
		}
	}
	c.later()
	return nil
}

// endWithout ends an operation without a version.
func (s *Orders) endWithout(tx vault.Tx, c conclusion, op vault.Operation) error {
	c.o.Operation = &op
	return s.Scheduler.EndedWithoutVersion(tx, c.o, op, c.now)
}

// later keeps an operation in progress, and says when it is looked at again.
func (c conclusion) later() {
	op, was, due := c.op, c.was, c.next.due
	op.CancelLost = op.CancelRequested && (op.CancelLost || c.next.cancelLost)
	meanwhile := op.CancelRequested && !(was.CancelRequested && was.CancelDue.Equal(op.CancelDue))
	if meanwhile && !op.CancelLost && op.CancelDue.Before(due) {
		due = op.CancelDue // a cancel that came while the issuer was asked
	}
	if op.Approval != nil && was.Approval == nil {
		due = op.Approval.At // so did an operator's word
	}
	if op.Hastened.After(was.Hastened) && op.Hastened.Before(due) {
		due = op.Hastened // what was mended, the step may not have seen
	}
	c.o.Operation = &op
	if !due.IsZero() {
		c.o.SetJob(vault.JobIssue, due)
	}
}
