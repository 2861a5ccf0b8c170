package schedule

import (
	"math"
	"time"

	"certwright/internal/renewal"
	"certwright/internal/vault"
)

// Plan lets the job of the next thing that falls due for an object's current
// version fall due then, or drops it where nothing does.
func (s *Scheduler) Plan(o *vault.Object, v vault.Version) {
	if due, ok := nextDue(renewal.Milestones(*o, v, s.Settings(o.Vault))); ok {
		o.SetJob(vault.JobSchedule, due)
	} else {
		o.DropJob(vault.JobSchedule)
	}
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

// Replan is Plan for an object whose current version is to be read.
func (s *Scheduler) Replan(r vault.Reader, o *vault.Object) error {
	c, err := s.CurrentOf(r, *o)
	if err == nil && c.Exists() {
		s.Plan(o, c.Version)
	}
	return err
}

// BeginVersion plans the first milestone of a new version and publishes the event
// of it; suggests: its issuer may say when
// to renew it.
func (s *Scheduler) BeginVersion(tx vault.Tx, o *vault.Object, v vault.Version, suggests bool) error {
	o.Schedule = vault.Schedule{Version: v.ID}
	if suggests {
		o.Schedule.AskAgain = v.Attributes.Created
	}
	s.Plan(o, v)
	return s.Publish(tx, newVersionMessage(v))
}

// Restart begins the schedule of a version anew, as if nothing had been done: it
// has another expiry.
func (s *Scheduler) Restart(o *vault.Object, v vault.Version) {
	o.Schedule = vault.Schedule{Version: v.ID}
	s.Plan(o, v)
}

// PolicyChanged plans a certificate by its new policy. What failed by the old one need
// not wait: the edit may be what mends it.
func (s *Scheduler) PolicyChanged(r vault.Reader, o *vault.Object) error {
	if !o.Schedule.Retry.IsZero() {
		o.Schedule = o.Schedule.Anew()
	}
	return s.Replan(r, o)
}

// RetryNow lets a renewal that failed or was cancelled be tried at once.
func (s *Scheduler) RetryNow(o *vault.Object, v vault.Version) {
	o.Schedule = o.Schedule.Of(v.ID).Anew()
	s.Plan(o, v)
}
