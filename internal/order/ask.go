package order

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"strings"
	"time"

	"certwright/internal/certs"
	"certwright/internal/keys"
	"certwright/internal/vault"
)

const (
	// cancelWait is how long an issuer out of reach can hold up a cancel;
	// then the operation is cancelled and the issuer told later.
	cancelWait = time.Minute
	// pacedShown is from when on a person is told that an order waits for its turn.
	pacedShown = 30 * time.Second
)

// askIssuer takes the order one step further at its issuer, or withdraws it.
func (s *steps) askIssuer(ctx context.Context, w work, now time.Time) (outcome, error) {
	op, cfg := *w.o.Operation, w.cfg
	issuer := s.issuers.Find(cfg.Provider)
	if issuer == nil {
		return missed(op, fmt.Errorf("this server has no provider %s", cfg.Provider), false, now), nil
	}
	o, err := s.issuers.orderOf(w, now)
	if err != nil {
		return outcome{}, err
	}
	ask, kind := issuer.Step, CallStep
	canceler, ok := issuer.(vault.Canceler)
	cancel := ok && op.CancelNow(now)
	if cancel {
		ask, kind = canceler.Cancel, CallCancel
	}
	p, err := s.issuers.ask(ctx, kind, ask, o)
	switch {
	case ctx.Err() != nil: // the server stops; the step will be repeated
		return outcome{}, ctx.Err()
	case err != nil:
		return missed(op, err, cancel, now), nil
	}
	if cancel && p.State == nil {
		p.State = op.State // the order goes on from where it was
	}
	if p.Chain != nil {
		return s.delivered(op, cfg, p, now)
	}
	next := outcome{progress: p, due: now.Add(max(p.Again, time.Second)), cancelLost: op.CancelNow(now)}
	return tooLate(next, op, issuer, now), nil
}

// unmoved is the progress of an order that stands where it stood.
func unmoved(op vault.Operation) vault.Progress {
	return vault.Progress{State: op.State, Detail: op.Detail, WantsApproval: op.WantsApproval}
}

// missed is the outcome where the issuer could not be asked.
func missed(op vault.Operation, cause error, cancel bool, now time.Time) outcome {
	after := retryAfter(cause, op.Attempt)
	next := outcome{progress: unmoved(op), due: now.Add(after)}
	if silent := (unanswered{}); errors.As(cause, &silent) { // later each time: a clock that is moved stops at every try
		next.due = now.Add(max(after, min(now.Sub(op.Created)/4, time.Hour)))
	}
	if end := op.CancelDue.Add(cancelWait); cancel && end.Before(next.due) {
		next.due = end // however long the issuer wants to be left alone
	}
	switch {
	case cancel && now.Sub(op.CancelDue) >= cancelWait:
		next.progress.Cancelled, next.takeBack = true, true
		next.progress.Notes = []string{"The cancellation could not be told to the issuer yet: " + cause.Error()}
	case errors.Is(cause, vault.ErrPaced):
		next.paced = true
		if after >= pacedShown {
			next.progress.Detail = fmt.Sprintf("The order waits until %s: %s.", next.due.UTC().Format(time.RFC3339), plainly(cause))
		}
	default:
		next.retry = cause
		next.progress.Detail = fmt.Sprintf("The issuer could not be asked: %s. It is asked again at %s.",
			plainly(cause), next.due.UTC().Format(time.RFC3339))
	}
	return next
}

// plainly is an issuer's error as part of a sentence.
func plainly(err error) string { return vault.Clip(strings.TrimSuffix(err.Error(), "."), 400) }

// tooLate ends an order that its authority leaves waiting for longer than its
// issuer allows. One that could not be asked is not counted (docs/decisions/002-when-work-happens.md).
func tooLate(next outcome, op vault.Operation, issuer vault.Issuer, now time.Time) outcome {
	p := next.progress
	limiter, ok := issuer.(vault.PendingLimiter)
	if !ok || p.Failure != nil || p.Cancelled {
		return next
	}
	if limit := limiter.PendingLimit(); limit > 0 && op.Waited(now) > limit {
		next.progress.Failure = &vault.Failure{Code: vault.IssuerFault, Message: fmt.Sprintf("The issuer did not issue the certificate within %s.", limit)}
		next.takeBack = true
	}
	return next
}

// delivered checks what came back and makes the version from it. A chain that
// does not fit is the issuer's fault; a subject, usages or dates that it
// changed are its right (docs/issuers/writing-one.md).
func (s *steps) delivered(op vault.Operation, cfg vault.IssuerConfig, p vault.Progress, now time.Time) (outcome, error) {
	key, err := s.orderKey(op)
	if err != nil {
		return outcome{}, err
	}
	fault := func(why string) (outcome, error) {
		return outcome{progress: vault.Progress{State: p.State, Notes: p.Notes, Failure: &vault.Failure{Code: vault.IssuerFault, Message: why}}}, nil
	}
	path, err := certs.Delivered(p.Chain, key.PKIX(), now)
	switch {
	case errors.Is(err, certs.ErrOtherKey):
		return fault("The issuer returned a certificate that does not belong to the certificate signing request.")
	case err != nil:
		return fault("The issuer returned a certificate that cannot be used: " + err.Error() + ".")
	}
	m := madeFrom(op, key, path, now)
	m.issuerRef, m.issuerName, m.provider = p.Ref, cfg.Name, cfg.Provider
	made, err := s.makeVersion(m)
	_, made.suggests = s.issuers.Find(cfg.Provider).(vault.Suggester)
	p.Notes = append(p.Notes, differences(op.Policy.X509, path[0])...)
	return outcome{progress: p, made: &made}, err
}

// madeFrom is what the version of an operation is made from; the leaf is first.
func madeFrom(op vault.Operation, key keys.Key, path []certs.Certificate, now time.Time) material {
	chain := make([][]byte, len(path))
	for i, c := range path {
		chain[i] = c.Raw
	}
	return material{ref: op.Ref, key: key, leaf: path[0], chain: chain, policy: op.Policy, enabled: op.Enabled,
		tags: op.Tags, preserveOrder: op.PreserveOrder, now: now}
}

// backoff doubles from one second to one hour, give or take a fifth, so that
// orders that failed together do not come back together.
func backoff(attempt int) time.Duration {
	wait := time.Hour
	if attempt < bits.Len(3600) {
		wait = time.Second << attempt
	}
	return wait*4/5 + rand.N(wait*2/5)
}

// retryAfter is when to ask again: when the issuer said, else by backoff.
func retryAfter(err error, attempt int) time.Duration {
	var r *vault.RetryError
	if errors.As(err, &r) && r.After > 0 {
		return min(r.After, 24*time.Hour)
	}
	return backoff(attempt)
}
