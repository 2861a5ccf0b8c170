package vault

import (
	"slices"
	"strings"
	"time"
)

// Status is where an operation stands, spelled as on the wire; .NET and JS
// compare these bytes (docs/contract/connecting.md).
type Status string

// The states of an operation.
const (
	InProgress Status = "inProgress"
	Completed  Status = "completed"
	Failed     Status = "failed"
	Cancelled  Status = "cancelled"
)

// The two error codes of a failed operation.
const (
	RequestRejected = "Request rejected"         // the user's fault
	IssuerFault     = "Certificate issuer error" // the issuer's fault
)

// CancelDelay is how long after the request an operation is cancelled.
const CancelDelay = 2 * time.Second

// SelfDelay is how long a Self operation waits for a GET, or a cancel, before the worker finishes it.
const SelfDelay = 2 * time.Second

// Failure is why an operation failed.
type Failure struct {
	Code, Message string
	Later         Later `json:"-"`
}

// An Operation is the pending object of a certificate: one order, from CSR to
// its end. There is one per name; a new one overwrites it.
type Operation struct {
	Ref
	RequestID       string // 32 lower-case hex digits
	Status          Status
	Detail          string // an issuer's own status_details; "" for the usual sentence
	Failure         *Failure
	IssuerName      string // as typed in the policy
	CSR             []byte // DER
	CancelRequested bool
	CancelDue       time.Time // when a requested cancel takes effect
	CancelLost      bool      // the issuer went on in spite of the cancel
	PreserveOrder   bool
	Renewal         bool   // begun by the vault, since the version before asked for it
	Policy          Policy // as it stood when the order was placed
	Enabled         bool   // of the version to be
	Tags            map[string]string
	Private         Sealed        // PKCS#8 of the key of the order, bound to Binding(Ref, RequestID)
	Issuer          *IssuerConfig // snapshot for when the issuer is deleted; nil for Self and Unknown
	State           []byte        // the issuer's own notebook between steps
	Attempt         int           // errors in a row so far
	Hastened        time.Time     // when somebody last wanted it tried at once
	Missed          time.Time     // when the issuer could not be asked, at the last step; zero: it could
	Unreachable     time.Duration // how long it could not be asked, before that
	WantsApproval   bool          // an operator's Approval is waited for
	MailOwed        bool          // the mail that asks for it: nobody was there to get it
	Approval        *Approval     // nil: none yet
	History         []Note        // what happened so far, oldest first
	Target          string        // version id once completed
	Staged          *Version      // of Self: signed already, and shown once somebody looks
	Created         time.Time
	Later           Later `json:"-"`
	LaterStaged     Later `json:"-"` // of the list row that Staged will have
}

// NewOperation begins an operation by a policy.
func NewOperation(ref Ref, p Policy, now time.Time) Operation {
	return Operation{Ref: ref, RequestID: NewID(), Status: InProgress, IssuerName: p.Issuer.Name, Policy: p, Enabled: true, Created: now}
}

// Self reports whether the vault signs the certificate with its own key.
func (o Operation) Self() bool { return strings.EqualFold(o.IssuerName, SelfIssuer) }

// Manual reports whether a person merges the certificate: issuer Unknown.
func (o Operation) Manual() bool { return strings.EqualFold(o.IssuerName, UnknownIssuer) }

// Details returns status_details and whether the wire shows them: the recorded
// sentence while in progress, "" when failed, absent otherwise (docs/contract/certificates.md).
func (o Operation) Details() (string, bool) {
	switch {
	case o.Status == Failed:
		return "", true
	case o.Status != InProgress:
		return "", false
	case o.Detail != "":
		return o.Detail, true
	case o.Manual():
		return PendingCreated + "Please Perform Merge to complete the request.", true
	}
	return PendingCreated + "Certificate request is in progress. This may take some time based on the issuer provider. Please check again later.", true
}

// PendingCreated begins the service's sentences about an operation in progress.
const PendingCreated = "Pending certificate created. "

// WaitsFor says what an operation in progress waits for: Details without the
// beginning, which tells people nothing.
func (o Operation) WaitsFor() string {
	if o.Status == InProgress && o.Detail == "" && o.Manual() {
		return "It waits for you: have its request signed, then merge."
	}
	details, _ := o.Details()
	return strings.TrimPrefix(details, PendingCreated)
}

// NoteRevoked is what a history says of a version that was revoked.
func NoteRevoked(id, reason string) string {
	return revokedNote(id) + " by its issuer: " + reason + "."
}

func revokedNote(id string) string { return "Version " + id + " was revoked" }

// SaysRevoked reports whether the history says that a version was revoked.
func (o *Operation) SaysRevoked(id string) bool {
	return o != nil && slices.ContainsFunc(o.History, func(n Note) bool { return strings.HasPrefix(n.Text, revokedNote(id)) })
}

// Matches reports whether a request_id query names this operation; "" names any.
func (o Operation) Matches(requestID string) bool {
	return requestID == "" || strings.EqualFold(requestID, o.RequestID)
}

// Rests reports whether the operation stays as it is until somebody writes: it
// has ended, or waits for a merge.
func (o Operation) Rests() bool {
	return o.Status != InProgress || o.Manual() && !o.CancelRequested
}

// MayBeReplaced refuses a create or import while the operation is in progress.
func (o Operation) MayBeReplaced() error {
	if o.Status == InProgress {
		return PendingInProgress()
	}
	return nil
}

// MayMerge refuses a merge that must not be: into an issuer's operation in
// progress, or into one already completed.
func (o Operation) MayMerge() error {
	switch {
	case o.Status == InProgress && !o.Manual():
		return MergeForbidden(o.IssuerName)
	case o.Status == Completed:
		return MergeCompleted()
	}
	return nil
}

// RequestCancel asks for a cancel or takes that back. The operation
// stays in progress until CancelDue, and the issuer may win.
func (o Operation) RequestCancel(cancel bool, now time.Time) (Operation, error) {
	if o.Status != InProgress {
		return o, NotInProgress()
	}
	if cancel && !o.CancelRequested {
		o.CancelDue, o.CancelLost = now.Add(CancelDelay), false
	}
	if !cancel {
		o.CancelDue, o.CancelLost = time.Time{}, false
	}
	o.CancelRequested = cancel
	return o, nil
}

// CancelNow reports whether a requested cancel takes effect at now.
func (o Operation) CancelNow(now time.Time) bool {
	return o.Status == InProgress && o.CancelRequested && !o.CancelLost && !now.Before(o.CancelDue)
}

// Decide puts an operator's word on an operation that asks for one.
func (o Operation) Decide(a Approval) (Operation, error) {
	switch {
	case o.Status != InProgress:
		return o, NotInProgress()
	case !o.WantsApproval:
		return o, NotAsked()
	}
	o.Approval, o.WantsApproval = &a, false
	return o, nil
}

// Reached returns the operation after a step in which its issuer could be asked,
// or not.
func (o Operation) Reached(now time.Time, missed bool) Operation {
	o.Unreachable = o.unreachable(now)
	if o.Missed = (time.Time{}); missed {
		o.Missed = now
	}
	return o
}

// Waited is how long the issuer has left the operation waiting; the time in
// which it could not be asked is not counted.
func (o Operation) Waited(now time.Time) time.Duration {
	return now.Sub(o.Created) - o.unreachable(now)
}

// GivenUp is when an issuer of some patience gives the operation up; zero while
// it cannot be asked.
func (o Operation) GivenUp(patience time.Duration) time.Time {
	if !o.Missed.IsZero() {
		return time.Time{}
	}
	return o.Created.Add(o.Unreachable + patience)
}

func (o Operation) unreachable(now time.Time) time.Duration {
	if o.Missed.IsZero() {
		return o.Unreachable
	}
	return o.Unreachable + max(0, now.Sub(o.Missed))
}

// Hasten lets an operation in progress be tried at once. One that a person has
// to go on with, or that is being cancelled, is refused, with what to do instead.
func (o Operation) Hasten(now time.Time) (Operation, error) {
	switch {
	case o.Status != InProgress:
		return o, NotInProgress()
	case o.Manual():
		return o, NothingToRetry("the operation waits for the merge of a signed certificate.")
	case o.CancelRequested && !o.CancelLost:
		return o, NothingToRetry("the operation is being cancelled.")
	case o.WantsApproval:
		return o, NothingToRetry("the operation waits for an operator: certwright approve or certwright reject.")
	}
	o.Hastened = now
	return o, nil
}

// Complete ends the operation with the version it made. A merge may complete
// one that failed or was cancelled.
func (o Operation) Complete(version string) Operation {
	o.Status, o.Target, o.Failure, o.Detail, o.WantsApproval = Completed, version, nil, "", false
	o.Private, o.State, o.Issuer, o.Tags, o.Staged = nil, nil, nil, nil, nil
	o.Policy = Policy{Issuer: o.Policy.Issuer} // what its GET shows of it
	return o
}

// Fail ends the operation. The key of the order stays, for a merge.
func (o Operation) Fail(f Failure) Operation {
	o.Status, o.Failure, o.Detail, o.WantsApproval, o.Staged = Failed, &f, "", false, nil
	return o
}

// Cancel ends the operation. The key of the order stays, for a merge.
func (o Operation) Cancel() Operation {
	o.Status, o.Detail, o.WantsApproval, o.Staged = Cancelled, "", false, nil
	return o
}
