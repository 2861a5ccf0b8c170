package order

import (
	"context"
	"errors"
	"time"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// withdrawFor is how long an issuer out of reach is told of a withdrawn order.
const withdrawFor = 7 * 24 * time.Hour

// withdrawals take orders back at their issuers that nobody waits for any more.
type withdrawals struct {
	*engine.Deps
	issuers *Issuers
}

// takeBack keeps an operation that ends here while its issuer still works on
// it, and the job that tells the issuer. The staged key is not kept.
func (s *withdrawals) takeBack(tx vault.Tx, op vault.Operation, now time.Time) error {
	if op.Issuer == nil {
		return nil
	}
	if _, ok := s.issuers.Find(op.Issuer.Provider).(vault.Canceler); !ok {
		return nil
	}
	ref := vault.Ref{Vault: op.Vault, Kind: vault.Withdrawn, Name: op.RequestID}
	kept, _, err := engine.Found(tx.Operation(ref))
	if err != nil {
		return err
	}
	op.Ref, op.Rev, op.Private = ref, kept.Rev, nil
	op.CancelRequested, op.CancelDue, op.Attempt = true, now, 0
	if _, err := tx.PutOperation(op); err != nil {
		return err
	}
	return tx.PutJob(vault.Job{Kind: vault.JobWithdraw, Ref: ref, Due: now})
}

// orphan takes back what a step started at the issuer while its operation was
// being deleted.
func (s *withdrawals) orphan(ctx context.Context, was vault.Operation, next outcome) error {
	p := next.progress
	if was.Issuer == nil || p.State == nil || next.made != nil || p.Failure != nil || p.Cancelled {
		return nil
	}
	now := s.Now()
	was.State = p.State
	return s.Store.Update(ctx, func(tx vault.Tx) error { return s.takeBack(tx, was, now) })
}

// Withdraw is the handler of JobWithdraw: it asks the issuer to cancel an
// order that nobody waits for any more, until the issuer has heard it.
func (s *withdrawals) Withdraw(ctx context.Context, l vault.Lease) error {
	var op vault.Operation
	var cfg vault.IssuerConfig
	err := s.Store.View(ctx, func(r vault.Reader) (err error) {
		if op, _, err = engine.Found(r.Operation(l.Ref)); err != nil || op.Issuer == nil {
			return err
		}
		cfg, err = currentIssuer(r, op)
		return err
	})
	if err != nil {
		return err
	}
	canceler, ok := s.issuers.Find(cfg.Provider).(vault.Canceler)
	if op.Issuer == nil || !ok {
		return s.forget(ctx, l)
	}
	now := s.Now()
	o, err := s.issuers.shown(op, cfg, nil, now)
	if err != nil {
		return err
	}
	p, err := s.issuers.ask(ctx, CallCancel, canceler.Cancel, o)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	log := s.Log.With("vault", op.Vault, "request", op.RequestID, "issuer", op.IssuerName)
	switch {
	case err != nil && now.Sub(op.CancelDue) < withdrawFor:
		log.Warn("order could not be withdrawn", "attempt", op.Attempt+1, "error", err)
		return s.withdrawLater(ctx, l, op, now.Add(retryAfter(err, op.Attempt)))
	case err != nil:
		log.Error("order is not withdrawn; the issuer could not be asked for too long", "error", err)
	default:
		log.Info("order withdrawn", "cancelled", p.Cancelled)
	}
	return s.Store.Update(ctx, func(tx vault.Tx) error {
		if err := tx.Finish(l); err != nil {
			return err
		}
		kept, ok, err := engine.Found(tx.Operation(op.Ref))
		if err != nil || !ok {
			return err
		}
		if kept.Rev != op.Rev { // a step that ended meanwhile has left more to take back
			return tx.PutJob(vault.Job{Kind: vault.JobWithdraw, Ref: op.Ref, Due: now})
		}
		return tx.DeleteOperation(op.Ref)
	})
}

// forget ends the withdrawal of an order that nobody can take back, as its
// provider is gone.
func (s *withdrawals) forget(ctx context.Context, l vault.Lease) error {
	err := s.Store.Update(ctx, func(tx vault.Tx) error {
		if err := tx.Finish(l); err != nil {
			return err
		}
		return tx.DeleteOperation(l.Ref)
	})
	if errors.Is(err, vault.ErrStale) {
		return nil
	}
	return err
}

func (s *withdrawals) withdrawLater(ctx context.Context, l vault.Lease, op vault.Operation, due time.Time) error {
	op.Attempt++
	return s.Store.Update(ctx, func(tx vault.Tx) error {
		if err := tx.Finish(l); err != nil {
			return err
		}
		if _, err := tx.PutOperation(op); err != nil {
			return err
		}
		return tx.PutJob(vault.Job{Kind: vault.JobWithdraw, Ref: op.Ref, Due: due, Attempt: op.Attempt})
	})
}
