package schedule

import (
	"math"
	"time"

	"certwright/internal/engine"
	"certwright/internal/renewal"
	"certwright/internal/vault"
)

// Plan puts the job of the next thing that falls due for an object's current
// version, or withdraws it where nothing does.
func (s *Scheduler) Plan(tx vault.Tx, head vault.Object, v vault.Version, l vault.Schedule, busy bool) error {
	due, ok := nextDue(renewal.Milestones(head, v, l, busy, s.Settings(head.Vault)))
	if !ok {
		return tx.DeleteJob(vault.JobSchedule, head.Ref)
	}
	return tx.PutJob(vault.Job{Kind: vault.JobSchedule, Ref: head.Ref, Due: due})
}

// nextDue is when the first of them falls due, in whole seconds as the clock is
// read: a job that comes earlier would find nothing due, again and again.
func nextDue(milestones []vault.Milestone) (due time.Time, ok bool) {
	for _, d := range milestones {
		if !ok || d.Due.Before(due) {
			due, ok = d.Due, true
		}
	}
	if last := time.Unix(0, math.MaxInt64); due.After(last) { // a store keeps no later one; nothing comes of it then
		due = last.Add(-time.Second).UTC()
	}
	return due.Add(time.Second - 1).Truncate(time.Second), ok
}

// Replan is Plan for an object as it stands in the transaction.
func (s *Scheduler) Replan(tx vault.Tx, ref vault.Ref) error {
	c, err := s.Current(tx, ref)
	if err != nil || !c.Exists {
		return err
	}
	return s.Plan(tx, c.Head, c.Version, c.Schedule, c.Busy)
}

// Begin begins the schedule of a new version; suggests: its issuer may say when
// to renew it.
func (s *Scheduler) Begin(tx vault.Tx, head vault.Object, v vault.Version, suggests bool) error {
	if err := s.Publish(tx, newVersionMessage(v)); err != nil {
		return err
	}
	schedule := vault.Schedule{Version: v.ID}
	if suggests {
		schedule.AskAgain = v.Attributes.Created
		if err := tx.PutSchedule(head.Ref, schedule); err != nil {
			return err
		}
	}
	return s.Plan(tx, head, v, schedule, false)
}

// Restart begins the schedule of a version anew, as if nothing had been done: it
// has another expiry.
func (s *Scheduler) Restart(tx vault.Tx, head vault.Object, v vault.Version) error {
	schedule := vault.Schedule{Version: v.ID}
	if err := tx.PutSchedule(head.Ref, schedule); err != nil {
		return err
	}
	return s.Plan(tx, head, v, schedule, false)
}

// Follow plans a certificate by its new policy. What failed by the old one need
// not wait: the edit may be what mends it.
func (s *Scheduler) Follow(tx vault.Tx, head vault.Object) error {
	schedule, ok, err := engine.Found(tx.Schedule(head.Ref))
	if err != nil {
		return err
	}
	if ok && !schedule.Retry.IsZero() {
		if err := tx.PutSchedule(head.Ref, schedule.Anew()); err != nil {
			return err
		}
	}
	return s.Replan(tx, head.Ref)
}

// RetryNow lets a renewal that failed or was cancelled be tried at once.
func (s *Scheduler) RetryNow(tx vault.Tx, c Current) error {
	c.Schedule = c.Schedule.Anew()
	if err := tx.PutSchedule(c.Head.Ref, c.Schedule); err != nil {
		return err
	}
	return s.Plan(tx, c.Head, c.Version, c.Schedule, false)
}
