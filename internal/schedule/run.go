package schedule

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// Run is the handler of JobSchedule: it does what is due for an object's current
// version. Each thing is done in the transaction that marks it done, so that
// none is lost or done twice.
func (s *Scheduler) Run(ctx context.Context, l vault.Lease) error {
	for {
		err := s.run(ctx, l)
		switch {
		case !errors.Is(err, engine.ErrChanged):
			return engine.Withdrawn(err)
		case ctx.Err() != nil:
			return ctx.Err()
		}
	}
}

func (s *Scheduler) run(ctx context.Context, l vault.Lease) error {
	var c Current
	err := s.Store.View(ctx, func(r vault.Reader) (err error) {
		c, err = s.Current(r, l.Ref)
		return err
	})
	if err != nil {
		return err
	}
	if !c.Exists {
		return s.Drop(ctx, l)
	}
	now := s.Now()
	due := dueNow(s.due(c), now)
	if due[vault.MilestoneAsk] {
		return s.askIssuer(ctx, l, c, now)
	}
	var next Renewal
	if due[vault.AutoRenew] {
		if next, err = s.Renewer.Renew(ctx, c.Head, c.Version); err != nil {
			var refusal *vault.Error
			if !errors.As(err, &refusal) {
				return err
			}
			return s.renewalRefused(ctx, l, c, refusal, now)
		}
	}
	err = s.Change(ctx, c.Head.Ref, func(tx vault.Tx) error {
		if err := tx.Finish(l); err != nil {
			return err
		}
		return s.doDue(tx, c, next, due, now)
	})
	if err == nil && next != nil {
		s.Log.Info("renewal began", "vault", c.Head.Vault, "certificate", c.Head.Name, "version", c.Version.ID, "request", next.Operation().RequestID, "expires", c.Version.Attributes.Expires)
		s.Poke()
	}
	return err
}

func dueNow(milestones []vault.Milestone, now time.Time) map[string]bool {
	due := map[string]bool{}
	for _, d := range milestones {
		if !d.Due.After(now) {
			due[d.What] = true
		}
	}
	return due
}

// doDue does what was found due, if the object is still the one it was found for.
func (s *Scheduler) doDue(tx vault.Tx, was Current, next Renewal, due map[string]bool, now time.Time) error {
	c, err := s.Current(tx, was.Head.Ref)
	if err != nil || !c.Exists {
		return err
	}
	if c.changed(was) {
		return engine.ErrChanged
	}
	if due[vault.MilestoneDue] || due[vault.AutoRenew] {
		c.Schedule = c.Schedule.FellDue(now)
	}
	schedule, err := s.warn(tx, c, due, now)
	if err != nil {
		return err
	}
	if next != nil {
		if err := next.Store(tx); err != nil {
			return err
		}
		if !schedule.Did(vault.MilestoneAnnounced) {
			schedule = schedule.Do(vault.MilestoneAnnounced)
			if _, err := s.mail(tx, c.Version, renewingMail(c.Version, next.Operation()), now); err != nil {
				return err
			}
		}
		if c.Head, err = tx.Object(c.Head.Ref); err != nil { // written by the plan
			return err
		}
	}
	if err := tx.PutSchedule(c.Head.Ref, schedule); err != nil {
		return err
	}
	return s.Plan(tx, c.Head, c.Version, schedule, c.Busy || next != nil)
}

// askIssuer asks the issuer when the version should be renewed. One that cannot
// be asked is asked again later; meanwhile the policy decides.
func (s *Scheduler) askIssuer(ctx context.Context, l vault.Lease, c Current, now time.Time) error {
	next, err := s.suggested(ctx, c, now)
	if err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx vault.Tx) error {
		if err := tx.Finish(l); err != nil {
			return err
		}
		was := c.Version.ID
		c, err := s.Current(tx, c.Head.Ref)
		if err != nil || !c.Exists {
			return err
		}
		if c.Version.ID == was {
			c.Schedule.WindowStart, c.Schedule.WindowEnd, c.Schedule.Picked, c.Schedule.AskAgain = next.WindowStart, next.WindowEnd, next.Picked, next.AskAgain
			if err := tx.PutSchedule(c.Head.Ref, c.Schedule); err != nil {
				return err
			}
		}
		return s.Plan(tx, c.Head, c.Version, c.Schedule, c.Busy)
	})
}

// suggested is the schedule of a version with what its issuer suggests.
func (s *Scheduler) suggested(ctx context.Context, c Current, now time.Time) (vault.Schedule, error) {
	next := c.Schedule
	next.AskAgain = time.Time{}
	said, err := s.Renewer.Suggest(ctx, c.Version, now)
	later := (*vault.RetryError)(nil)
	switch {
	case ctx.Err() != nil:
		return next, ctx.Err()
	case errors.Is(err, vault.ErrNotFound):
		return next, nil
	case errors.As(err, &later):
		s.Log.Warn("issuer could not be asked when to renew", "vault", c.Head.Vault, "certificate", c.Head.Name, "error", err)
		next.AskAgain = now.Add(later.After)
		return next, nil
	case err != nil:
		return next, err
	}
	return next.Suggested(said, now, rand.Float64()), nil
}
