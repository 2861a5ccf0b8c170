package vault

import (
	"maps"
	"time"
)

// JobKind says what a job does.
type JobKind string

// The kinds of work that fall due.
const (
	JobIssue    JobKind = "issue"  // take the pending operation one step further
	JobRotate   JobKind = "rotate" // give a key a new version, as its rotation policy says
	JobNotice   JobKind = "notice" // tell that a key is near its expiry
	JobSchedule JobKind = "life"   // do what the age of an object's current version asks for
	JobPurge    JobKind = "purge"  // remove a soft-deleted object whose date has come
	JobSweep    JobKind = "sweep"  // look at every object, so that a lost job heals
	// take an order that nobody waits for any more back at its issuer; its Ref
	// is in the collection Withdrawn
	JobWithdraw JobKind = "withdraw"
	// hand a sink its messages that are due; its Ref is in the collection Sinks
	JobDeliver JobKind = "deliver"
	// write the mails of a vault that nobody was there to get; its Ref is in the
	// collection VaultJobs
	JobOwed JobKind = "hear"
	// try at once what an issuer that was edited has kept waiting; its Ref is in
	// the collection VaultJobs
	JobMend JobKind = "mend"
)

// A Job is work on an object that falls due. There is at most one of a kind for each object.
type Job struct {
	Kind    JobKind
	Ref     Ref
	Due     time.Time // on the server's (shifted) clock
	Attempt int       // failed tries so far
}

// A Lease is a job handed to one worker. While it lasts no other job of the
// object is handed out. It is stale once another worker holds the object, or
// the job was dropped.
type Lease struct {
	Job
	Token string
	Until time.Time // real time
	Rev   int64     // of the object as it was handed out: a later one says that somebody wrote to it
}

// SinkRef is the object of a sink, which has the job that delivers its messages.
func SinkRef(sink string) Ref { return Ref{Vault: "-", Kind: Sinks, Name: sink} }

// A Hold is the lease on an object's job as its row has it.
type Hold struct {
	Kind  JobKind
	Token string // "": nobody holds it
	Until time.Time
}

// Busy reports whether a worker holds one of the object's jobs at now, in real time.
func (o Object) Busy(now time.Time) bool { return o.Lease.Token != "" && now.Before(o.Lease.Until) }

// SetJob lets a job fall due at a time, be it planned already or not. A worker that holds it goes on.
func (o *Object) SetJob(kind JobKind, due time.Time) {
	if o.Jobs = maps.Clone(o.Jobs); o.Jobs == nil {
		o.Jobs = map[JobKind]time.Time{}
	}
	o.Jobs[kind] = due
}

// DropJob removes a job; a worker that holds it finds its lease stale.
func (o *Object) DropJob(kind JobKind) {
	o.Jobs = maps.Clone(o.Jobs)
	delete(o.Jobs, kind)
	if o.Lease.Kind == kind {
		o.Lease, o.Attempt = Hold{}, 0
	}
}

// NextJob is the job that falls due first; of two at one time the one whose kind sorts first.
func (o Object) NextJob() (kind JobKind, due time.Time, ok bool) {
	for k, at := range o.Jobs {
		if !ok || at.Before(due) || at.Equal(due) && k < kind {
			kind, due, ok = k, at, true
		}
	}
	return kind, due, ok
}

// Finish ends a job that a worker was handed, before what came of it is put.
// ErrStale: the lease is no longer held, and nothing may be put.
func (o *Object) Finish(l Lease) error {
	if l.Token == "" || o.Lease.Token != l.Token {
		return ErrStale
	}
	o.DropJob(l.Kind)
	return nil
}

// PutOff ends a lease whose job could not be done: it falls due again at a time. ErrStale as in Finish.
func (o *Object) PutOff(l Lease, due time.Time) error {
	if err := o.Finish(l); err != nil {
		return err
	}
	o.SetJob(l.Kind, due)
	o.Attempt = l.Attempt + 1
	return nil
}
