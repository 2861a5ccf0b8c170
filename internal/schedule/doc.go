// Package schedule does what falls due for an object's current
// version: renewal, near expiry, expiry, mails and events, the purge of what was
// deleted, and the daily sweep that heals lost jobs. It knows no issuer: what
// needs one, or begins a renewal, is asked of a Renewer. Begin with run.go.
package schedule

import (
	"context"
	"errors"
	"time"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// A Scheduler plans and does what falls due. Its fields are set once, before use.
type Scheduler struct {
	*engine.Deps
	*Outbox
	Renewer Renewer // set before the first job runs
}

// A Renewer begins renewals and knows the issuers that may say when.
type Renewer interface {
	// Renew works out the request for the version that follows was, the current
	// one of o. vault.ErrStale: the object was changed since o was read.
	Renew(ctx context.Context, o vault.Object, was vault.Version) (Renewal, error)
	// Suggest asks the issuer of a version when to renew it: vault.ErrNotFound
	// where it suggests nothing, a *vault.RetryError where it could not be asked.
	Suggest(ctx context.Context, v vault.Version, now time.Time) (vault.Suggestion, error)
	// GivenUp is when an operation fails if its issuer leaves it waiting; zero: never.
	GivenUp(op vault.Operation) time.Time
}

// A Renewal is a request that is ready to be stored with the object it was worked out for.
type Renewal interface {
	Operation() vault.Operation
	PutOn(o *vault.Object)
}

// New returns a scheduler that still needs its Renewer. receivers names who
// gets a message, beside those who read the outbox; nil: nobody.
func New(d *engine.Deps, receivers func(vault.Message) []string) *Scheduler {
	return &Scheduler{Deps: d, Outbox: &Outbox{deps: d, Receivers: receivers}}
}

// Check reports the first field that is not set.
func (s *Scheduler) Check() error {
	if s.Renewer == nil {
		return errors.New("schedule: Renewer is required")
	}
	return s.Deps.Check()
}
