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
// none is lost or done twice. What was changed meanwhile is looked at anew.
func (s *Scheduler) Run(ctx context.Context, l vault.Lease) error {
	return engine.IgnoreLost(engine.Again(ctx, func() error { return s.run(ctx, l) }))
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
	if !c.Exists() {
		return s.Drop(ctx, l)
	}
	if err := engine.Finish(&c.Object, l); err != nil { // in memory: put stores it, if nobody came between
		return err
	}
	now := s.Now()
	due := dueNow(s.milestones(c), now)
	if due[vault.MilestoneAsk] {
		return s.askWhenToRenew(ctx, c, now)
	}
	var next Renewal
	if due[vault.AutoRenew] {
		if next, err = s.Renewer.Renew(ctx, c.Object, c.Version); err != nil {
			var refusal *vault.Error
			if !errors.As(err, &refusal) {
				return err
			}
			return s.put(ctx, c, func(tx vault.Tx, c *Current) error { return s.renewalRefused(tx, c, refusal, now) })
		}
	}
	err = s.put(ctx, c, func(tx vault.Tx, c *Current) error { return s.doDue(tx, c, next, due, now) })
	if err == nil && next != nil {
		s.Log.Info("renewal began", "vault", c.Vault, "certificate", c.Name, "version", c.Version.ID, "request", next.Operation().RequestID, "expires", c.Version.Attributes.Expires)
		s.Poke()
	}
	return err
}

// put stores what became of an object that was read before, with what edit adds;
// vault.ErrStale if it was changed meanwhile.
func (s *Scheduler) put(ctx context.Context, was Current, edit func(vault.Tx, *Current) error) error {
	return s.Change(ctx, was.Ref, func(tx vault.Tx) error {
		c := was
		if err := edit(tx, &c); err != nil {
			return err
		}
		s.Plan(&c.Object, c.Version)
		return tx.PutObject(&c.Object)
	})
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

// doDue does what was found due.
func (s *Scheduler) doDue(tx vault.Tx, c *Current, next Renewal, due map[string]bool, now time.Time) error {
	if due[vault.MilestoneDue] || due[vault.AutoRenew] {
		c.Schedule = c.Schedule.FellDue(now)
	}
	if err := s.warn(tx, c, due, now); err != nil || next == nil {
		return err
	}
	next.PutOn(&c.Object)
	if c.Schedule.Did(vault.MilestoneAnnounced) {
		return nil
	}
	c.Schedule = c.Schedule.Do(vault.MilestoneAnnounced)
	_, err := s.mail(tx, c.Version, renewingMail(c.Version, next.Operation()), now)
	return err
}

// askWhenToRenew asks the issuer when the version should be renewed. One that cannot
// be asked is asked again later; meanwhile the policy decides.
func (s *Scheduler) askWhenToRenew(ctx context.Context, c Current, now time.Time) (err error) {
	if c.Schedule, err = s.suggested(ctx, c, now); err != nil {
		return err
	}
	return s.put(ctx, c, func(vault.Tx, *Current) error { return nil })
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
		s.Log.Warn("issuer could not be asked when to renew", "vault", c.Vault, "certificate", c.Name, "error", err)
		next.AskAgain = now.Add(later.After)
		return next, nil
	case err != nil:
		return next, err
	}
	return next.Suggested(said, now, rand.Float64()), nil
}
