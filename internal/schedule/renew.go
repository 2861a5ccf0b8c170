package schedule

import (
	"time"

	"certwright/internal/vault"
)

// renewalRefused notes a renewal that could not even begin: its issuer is gone
// or disabled, or does not take the policy any more. The pending object shows it.
func (s *Scheduler) renewalRefused(tx vault.Tx, c *Current, why *vault.Error, now time.Time) error {
	if c.Policy == nil {
		return nil
	}
	op := vault.NewOperation(c.Ref, *c.Policy, now)
	op.Tags, op.Renewal = c.Version.Tags, true
	op = op.Fail(why.Failure())
	op = op.Noted(now, "The renewal of version "+c.Version.ID+" could not begin: "+why.Message)
	c.Operation = &op
	return s.renewalFailed(tx, c, now)
}

// EndedWithoutVersion is called where the operation of an object ended without a
// version, and is no longer in progress or was taken off the object. A renewal is
// tried again by the ladder; the version in use stays as it is.
func (s *Scheduler) EndedWithoutVersion(tx vault.Tx, o *vault.Object, op vault.Operation, now time.Time) error {
	c, err := s.CurrentOf(tx, *o)
	if err != nil || !c.Exists() {
		return err
	}
	if op.Renewal {
		err = s.tryAgainLater(tx, &c, op, now)
	}
	o.Schedule = c.Schedule
	s.Plan(o, c.Version)
	return err
}

func (s *Scheduler) renewalFailed(tx vault.Tx, c *Current, now time.Time) error {
	return s.tryAgainLater(tx, c, *c.Operation, now)
}

// tryAgainLater puts the next try of a renewal off, and tells of its first failure.
func (s *Scheduler) tryAgainLater(tx vault.Tx, c *Current, op vault.Operation, now time.Time) error {
	c.Schedule = c.Schedule.FellDue(now).Failed(now, c.Version.Attributes.Expires)
	if op.Failure == nil || c.Schedule.Did(vault.MilestoneFailed) {
		return nil
	}
	c.Schedule = c.Schedule.Do(vault.MilestoneFailed)
	if err := s.Publish(tx, failedMessage(c.Version, op, c.Schedule.Retry, now)); err != nil {
		return err
	}
	return s.mustMail(tx, c, vault.MilestoneFailed, failedMail(c.Version, op, c.Schedule.Retry), now)
}

// Renewed mails that a renewal was completed. was is the version before.
func (o *Outbox) Renewed(tx vault.Tx, v, was vault.Version, op vault.Operation) error {
	_, err := o.mail(tx, v, renewedMail(v, was, op), v.Attributes.Created)
	return err
}
