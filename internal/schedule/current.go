package schedule

import (
	"maps"
	"time"

	"certwright/internal/engine"
	"certwright/internal/renewal"
	"certwright/internal/vault"
)

// Current is an object's current version with all that its schedule depends on.
type Current struct {
	Exists    bool // there is a current version
	Head      vault.Object
	Version   vault.Version
	Schedule  vault.Schedule
	Operation vault.Operation // zero where there is none
	Busy      bool            // Operation is in progress
}

// Current reads an object's current version.
func (s *Scheduler) Current(r vault.Reader, ref vault.Ref) (c Current, err error) {
	head, there, err := engine.Found(r.Object(ref))
	if err != nil || !there {
		return c, err
	}
	c.Head = head
	if head.Deletion != nil { // nothing falls due but its purge
		return c, nil
	}
	if head.Kind == vault.Certificates {
		if c.Operation, there, err = engine.Found(r.Operation(head.Ref)); err != nil {
			return c, err
		}
		c.Busy = there && c.Operation.Status == vault.InProgress
	}
	if head.Pending || head.Latest == "" {
		return c, nil
	}
	if c.Version, err = r.Version(head.Ref, head.Latest); err != nil {
		return c, err
	}
	if c.Schedule, _, err = engine.Found(r.Schedule(head.Ref)); err != nil {
		return c, err
	}
	c.Schedule = c.Schedule.Of(head.Latest)
	c.Exists = true
	return c, nil
}

// changed reports whether what is due or what a renewal carries on may be
// something else than it was: a version is edited without its head.
func (c Current) changed(was Current) bool {
	now, then := c.Version.Attributes, was.Version.Attributes
	return c.Head.Rev != was.Head.Rev || c.Version.ID != was.Version.ID || c.Busy != was.Busy ||
		now.Enabled != then.Enabled || !now.Expires.Equal(then.Expires) || !maps.Equal(c.Version.Tags, was.Version.Tags)
}

// lost reports whether the operation is stuck unless it has a job.
func (c Current) lost() bool { return c.Busy && !c.Operation.Manual() }

// due lists what is still to be done for the version.
func (s *Scheduler) due(c Current) []vault.Milestone {
	return renewal.Milestones(c.Head, c.Version, c.Schedule, c.Busy, s.Settings(c.Head.Vault))
}

// NextRenewal is when the version is renewed by itself; zero if it is not.
func (s *Scheduler) NextRenewal(c Current) (at time.Time) {
	for _, d := range s.due(c) {
		if d.What == vault.AutoRenew {
			at = d.Due
		}
	}
	return at
}
