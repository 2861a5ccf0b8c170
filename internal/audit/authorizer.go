package audit

import (
	"context"
	"errors"

	"certwright/internal/vault"
)

// An Authorizer asks a Decider, and puts what it decided into the record of the
// request. What changes something has its beginning on the disk when Authorize
// returns nil.
type Authorizer struct {
	Decider vault.Decider
	// Log has the requests; nil: nothing is kept. With a log, who has no record is
	// let do nothing.
	Log *Log
}

// Authorize implements vault.Authorizer.
func (a Authorizer) Authorize(ctx context.Context, who vault.Caller, do vault.Action, on vault.Ref) error {
	reason, err := a.Decider.Decide(ctx, who, do, on)
	if a.Log == nil {
		return err
	}
	r := From(ctx)
	if r == nil {
		return errors.New("audit: a request without a record asks for " + string(do))
	}
	r.decided(who, on, reason)
	switch {
	case err != nil:
		return err
	case r.effect == Changes:
		return r.Begin()
	case r.effect == Reveals:
		return r.mayReveal()
	}
	return nil
}

// decided keeps who asks for what, and why that is granted or not.
func (r *Record) decided(who vault.Caller, on vault.Ref, reason string) {
	r.Caller, r.Decision = who, reason
	if r.Vault == "" {
		r.Vault = on.Vault
	}
	if on.Name == "" {
		return
	}
	r.ID = r.idOf(on)
}

// mayReveal refuses what shows a secret while the log cannot be written.
func (r *Record) mayReveal() error {
	if err := r.log.Trouble(); err != nil {
		r.failed = err
		return vault.NotAudited().Because(err)
	}
	return nil
}
