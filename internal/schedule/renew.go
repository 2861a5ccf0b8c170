package schedule

import (
	"context"
	"time"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// renewalRefused notes a renewal that could not even begin: its issuer is gone
// or disabled, or does not take the policy any more. The pending object shows it.
func (s *Scheduler) renewalRefused(ctx context.Context, l vault.Lease, was Current, why *vault.Error, now time.Time) error {
	err := s.Change(ctx, was.Head.Ref, func(tx vault.Tx) error {
		if err := tx.Finish(l); err != nil {
			return err
		}
		c, err := s.Current(tx, was.Head.Ref)
		if err != nil || !c.Exists || c.Head.Policy == nil {
			return err
		}
		if c.changed(was) {
			return engine.ErrChanged
		}
		op := vault.NewOperation(c.Head.Ref, *c.Head.Policy, now)
		op.Tags, op.Renewal, op.Rev = c.Version.Tags, true, c.Operation.Rev
		op = op.Fail(why.Failure())
		op = op.Noted(now, "The renewal of version "+c.Version.ID+" could not begin: "+why.Message)
		if _, err := tx.PutOperation(op); err != nil {
			return err
		}
		return s.renewalFailed(tx, c, op, now)
	})
	return err
}

// RenewalEnded is called where an operation ends without a version. A renewal
// is tried again by the ladder; the version in use stays as it is.
func (s *Scheduler) RenewalEnded(tx vault.Tx, op vault.Operation, now time.Time) error {
	c, err := s.Current(tx, op.Ref)
	if err != nil || !c.Exists {
		return err
	}
	c.Busy = false
	if !op.Renewal {
		return s.Plan(tx, c.Head, c.Version, c.Schedule, c.Busy)
	}
	return s.renewalFailed(tx, c, op, now)
}

func (s *Scheduler) renewalFailed(tx vault.Tx, c Current, op vault.Operation, now time.Time) error {
	schedule := c.Schedule.FellDue(now).Failed(now, c.Version.Attributes.Expires)
	if op.Failure != nil && !schedule.Did(vault.MilestoneFailed) {
		schedule = schedule.Do(vault.MilestoneFailed)
		if err := s.Publish(tx, failedMessage(c.Version, op, schedule.Retry, now)); err != nil {
			return err
		}
		var err error
		if schedule, err = s.mustMail(tx, c.Version, schedule, vault.MilestoneFailed, failedMail(c.Version, op, schedule.Retry), now); err != nil {
			return err
		}
	}
	if err := tx.PutSchedule(c.Head.Ref, schedule); err != nil {
		return err
	}
	return s.Plan(tx, c.Head, c.Version, schedule, false)
}
