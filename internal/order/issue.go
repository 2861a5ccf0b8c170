package order

import (
	"context"
	"fmt"
	"strings"
	"time"

	"certwright/internal/certs"
	"certwright/internal/engine"
	"certwright/internal/keys"
	"certwright/internal/vault"
)

// Issue is the handler of JobIssue: it takes the pending operation one step
// further and ends the job, or says when to come back, in the transaction that
// stores what the step achieved. An error leaves the job to its lease.
func (s *Orders) Issue(ctx context.Context, l vault.Lease) error {
	var w work
	err := s.Store.View(ctx, func(r vault.Reader) (err error) {
		o, there, err := engine.Found(r.Object(l.Ref))
		if err == nil && there {
			w, err = workOn(r, o)
		}
		return err
	})
	if err != nil {
		return err
	}
	if !w.o.InProgress() {
		return s.Drop(ctx, l)
	}
	next, err := s.step(ctx, w)
	if err != nil {
		return err
	}
	return s.conclude(ctx, l, *w.o.Operation, next)
}

// steps take an order one step further; what it achieved is for others to store.
type steps struct {
	*versions
	issuers *Issuers
}

// work is a certificate with all that a step of its operation needs.
type work struct {
	o        vault.Object
	cfg      vault.IssuerConfig // zero for Self and Unknown
	previous []byte             // what the issuer noted with the current version
	order    *vault.Order       // as the issuer was shown it already; nil: not yet
}

// workOn reads what a step of an operation needs.
func workOn(r vault.Reader, o vault.Object) (w work, err error) {
	w.o = o
	if !o.InProgress() || o.Operation.Issuer == nil {
		return w, nil
	}
	if w.cfg, err = currentIssuer(r, *o.Operation); err != nil || o.Pending() {
		return w, err
	}
	v, err := r.Version(o.Ref, o.Latest)
	if c := v.Certificate; err == nil && c != nil && strings.EqualFold(c.IssuerName, w.cfg.Name) && strings.EqualFold(c.Provider, w.cfg.Provider) {
		w.previous = c.IssuerRef
	}
	return w, err
}

// currentIssuer is who a running order is asked of: the issuer as it is now, or else
// the snapshot (docs/decisions/002-when-work-happens.md). An issuer that has another provider now is
// another one: it cannot read the order's state, and nobody approved the order
// for it.
func currentIssuer(r vault.Reader, op vault.Operation) (vault.IssuerConfig, error) {
	cfg, ok, err := engine.Found(r.Issuer(op.Vault, op.IssuerName))
	if err == nil && (!ok || !strings.EqualFold(cfg.Provider, op.Issuer.Provider)) {
		cfg = *op.Issuer
	}
	return cfg, err
}

// step decides what is to be done with the operation now and does it.
func (s *steps) step(ctx context.Context, w work) (outcome, error) {
	now, op := s.Now(), *w.o.Operation
	waits := op.CancelRequested && !op.CancelLost && now.Before(op.CancelDue)
	switch {
	case waits:
		return outcome{progress: unmoved(op), due: op.CancelDue}, nil
	case op.Manual():
		return outcome{progress: vault.Progress{Cancelled: op.CancelNow(now)}}, nil
	case op.Self() && op.CancelNow(now):
		return outcome{progress: vault.Progress{Cancelled: true}}, nil
	case op.Self():
		return s.selfIssued(op, now)
	}
	return s.askIssuer(ctx, w, now)
}

// selfIssued is the outcome of a Self order: the version that was staged with it,
// dated as it was signed: nbf lies ten minutes before created (docs/contract/certificates.md).
// One of an earlier build has none, and is signed now.
func (s *steps) selfIssued(op vault.Operation, now time.Time) (outcome, error) {
	var made newVersion
	if op.Staged != nil {
		made.Version = *op.Staged
	} else {
		key, err := s.orderKey(op)
		if err != nil {
			return outcome{}, err
		}
		if made, err = s.selfSigned(op, key, now); err != nil {
			return outcome{}, err
		}
	}
	return outcome{progress: vault.Progress{Chain: made.Certificate.Chain}, made: &made}, nil
}

// selfSigned makes the version of a Self order, signed with its own key.
func (s *versions) selfSigned(op vault.Operation, key keys.Key, now time.Time) (newVersion, error) {
	leaf, err := certs.SelfSign(key, op.Policy.X509, now)
	if err != nil {
		return newVersion{}, fmt.Errorf("sign %s with its own key: %w", op.Ref, err)
	}
	read, err := certs.Parse(leaf)
	if err != nil {
		return newVersion{}, fmt.Errorf("read what %s has signed itself: %w", op.Ref, err)
	}
	return s.makeVersion(madeFrom(op, key, []certs.Certificate{read}, now))
}
