package order

import (
	"context"
	"fmt"
	"strings"
	"time"

	"certwright/internal/certs"
	"certwright/internal/engine"
	"certwright/internal/vault"
)

// Issue is the handler of JobIssue: it takes the pending operation one step
// further and ends the job, or says when to come back, in the transaction that
// stores what the step achieved. An error leaves the job to its lease.
func (s *Orders) Issue(ctx context.Context, l vault.Lease) error {
	op, prev, cfg, err := s.underway(ctx, l.Ref)
	if err != nil {
		return err
	}
	return s.issue(ctx, l, op, cfg, prev)
}

func (s *Orders) issue(ctx context.Context, l vault.Lease, op vault.Operation, cfg vault.IssuerConfig, prev []byte) error {
	if op.Status != vault.InProgress {
		return s.Drop(ctx, l)
	}
	next, err := s.step(ctx, op, cfg, prev)
	if err != nil {
		return err
	}
	return s.conclude(ctx, l, op, next)
}

// underway reads an operation, its issuer, and what the issuer noted with the current version.
func (s *Orders) underway(ctx context.Context, ref vault.Ref) (op vault.Operation, prev []byte, cfg vault.IssuerConfig, err error) {
	err = s.Store.View(ctx, func(r vault.Reader) error {
		if op, _, err = engine.Found(r.Operation(ref)); err != nil || op.Issuer == nil {
			return err
		}
		if cfg, err = currentIssuer(r, op); err != nil {
			return err
		}
		head, err := r.Object(ref)
		if err != nil || head.Pending {
			return err
		}
		v, err := r.Version(ref, head.Latest)
		if c := v.Certificate; err == nil && c != nil && strings.EqualFold(c.IssuerName, cfg.Name) && strings.EqualFold(c.Provider, cfg.Provider) {
			prev = c.IssuerRef
		}
		return err
	})
	return op, prev, cfg, err
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
func (s *Orders) step(ctx context.Context, op vault.Operation, cfg vault.IssuerConfig, prev []byte) (outcome, error) {
	now := s.Now()
	waits := op.CancelRequested && !op.CancelLost && now.Before(op.CancelDue)
	switch {
	case waits:
		return outcome{progress: unmoved(op), due: op.CancelDue}, nil
	case op.Manual():
		return outcome{progress: vault.Progress{Cancelled: op.CancelNow(now)}}, nil
	case op.Self() && op.CancelNow(now):
		return outcome{progress: vault.Progress{Cancelled: true}}, nil
	case op.Self():
		return s.selfSign(op, now)
	}
	return s.askIssuer(ctx, op, cfg, prev, now)
}

func (s *Orders) selfSign(op vault.Operation, now time.Time) (outcome, error) {
	key, err := s.stagedKey(op)
	if err != nil {
		return outcome{}, err
	}
	leaf, err := certs.SelfSign(key, op.Policy.X509, now)
	if err != nil {
		return outcome{}, fmt.Errorf("sign %s with its own key: %w", op.Ref, err)
	}
	chain := [][]byte{leaf}
	made, err := s.makeVersion(madeFrom(op, key, chain, now))
	return outcome{progress: vault.Progress{Chain: chain}, made: &made}, err
}
