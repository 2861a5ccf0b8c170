package schedule

import (
	"certwright/internal/engine"
	"certwright/internal/renewal"
	"certwright/internal/vault"
	"time"
)

// Current is an object with its current version, as one transaction read them.
// Its Schedule is the one of that version.
type Current struct {
	vault.Object
	Version vault.Version // without an id where there is none, or the object is deleted
}

// Exists reports whether there is a current version.
func (c Current) Exists() bool { return c.Version.ID != "" }

// Current reads an object and its current version; the zero Current where the object is not there.
func (s *Scheduler) Current(r vault.Reader, ref vault.Ref) (c Current, err error) {
	o, there, err := engine.Found(r.Object(ref))
	if err != nil || !there {
		return c, err
	}
	return s.CurrentOf(r, o)
}

// CurrentOf reads the current version of an object.
func (s *Scheduler) CurrentOf(r vault.Reader, o vault.Object) (c Current, err error) {
	c.Object = o
	if o.Deletion != nil || o.Pending() || o.Latest == "" { // of what is deleted nothing falls due but its purge
		return c, nil
	}
	c.Version, err = r.Version(o.Ref, o.Latest)
	c.Schedule = o.Schedule.Of(o.Latest)
	return c, err
}

// NextRenewal is when the version is renewed by itself; zero if it is not.
func (s *Scheduler) NextRenewal(c Current) (at time.Time) {
	for _, d := range s.milestones(c) {
		if d.What == vault.AutoRenew {
			at = d.Due
		}
	}
	return at
}

// milestones lists what is still to be done for the version.
func (s *Scheduler) milestones(c Current) []vault.Milestone {
	return renewal.Milestones(c.Object, c.Version, s.Settings(c.Vault))
}
