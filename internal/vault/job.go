package vault

import "time"

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
	// collection Lists
	JobOwed JobKind = "hear"
	// try at once what an issuer that was edited has kept waiting; its Ref is in
	// the collection Lists
	JobMend JobKind = "mend"
)

// A Job is work that falls due. There is at most one of a kind per Ref.
type Job struct {
	Kind    JobKind
	Ref     Ref
	Due     time.Time // on the server's (shifted) clock
	Attempt int       // failed tries so far
}

// A Lease is a job handed to one worker. Finish and Extend are refused once
// another worker holds the job or it was withdrawn.
type Lease struct {
	Job
	Token string
	Until time.Time // real time
}
