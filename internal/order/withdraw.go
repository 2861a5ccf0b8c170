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
// it, and the job that tells the issuer. The key of the order is not kept.
func (s *withdrawals) takeBack(tx vault.Tx, op vault.Operation, now time.Time) error {
	if op.Issuer == nil {
		return nil
	}
	if _, ok := s.issuers.Find(op.Issuer.Provider).(vault.Canceler); !ok {
		return nil
	}
	ref := vault.Ref{Vault: op.Vault, Kind: vault.Withdrawn, Name: op.RequestID}
	o, there, err := engine.Found(tx.Object(ref))
	if err != nil {
		return err
	}
	if !there {
		o = vault.Object{Ref: ref, Created: now}
	}
	op.Ref, op.Private, op.Staged = ref, nil, nil
	op.CancelRequested, op.CancelDue, op.Attempt = true, now, 0
	o.Operation = &op
	o.SetJob(vault.JobWithdraw, now)
	return tx.PutObject(&o)
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
	return engine.Update(ctx, s.Store, func(tx vault.Tx) error { return s.takeBack(tx, was, now) })
}

// Withdraw is the handler of JobWithdraw: it asks the issuer to cancel an
// order that nobody waits for any more, until the issuer has heard it.
func (s *withdrawals) Withdraw(ctx context.Context, l vault.Lease) error {
	var o vault.Object
	var cfg vault.IssuerConfig
	err := s.Store.View(ctx, func(r vault.Reader) (err error) {
		if o, err = r.Object(l.Ref); err != nil || o.Operation == nil || o.Operation.Issuer == nil {
			return err
		}
		cfg, err = currentIssuer(r, *o.Operation)
		return err
	})
	if errors.Is(err, vault.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	canceler, ok := s.issuers.Find(cfg.Provider).(vault.Canceler)
	if !ok {
		return s.forget(ctx, l, o.Rev)
	}
	now, op := s.Now(), *o.Operation
	shown, err := s.issuers.orderFor(op, cfg, nil, now)
	if err != nil {
		return err
	}
	p, err := s.issuers.ask(ctx, CallCancel, canceler.Cancel, shown)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	log := s.Log.With("vault", op.Vault, "request", op.RequestID, "issuer", op.IssuerName)
	switch {
	case err != nil && now.Sub(op.CancelDue) < withdrawFor:
		log.Warn("order could not be withdrawn", "attempt", op.Attempt+1, "error", err)
		return s.withdrawLater(ctx, l, now.Add(max(retryAfter(err, op.Attempt), backoff(op.Attempt))))
	case err != nil:
		log.Error("order is not withdrawn; the issuer could not be asked for too long", "error", err)
	default:
		log.Info("order withdrawn", "cancelled", p.Cancelled)
	}
	return s.forget(ctx, l, o.Rev)
}

// forget ends the withdrawal of an order that was read at a revision. Where a step
// that ended meanwhile has left more to take back it goes on.
func (s *withdrawals) forget(ctx context.Context, l vault.Lease, rev int64) error {
	now := s.Now()
	return engine.IgnoreLost(engine.Update(ctx, s.Store, func(tx vault.Tx) error {
		o, there, err := engine.Found(tx.Object(l.Ref))
		if err != nil || !there {
			return err
		}
		if o.Rev == rev {
			return tx.Purge(o)
		}
		if err := engine.Finish(&o, l); err != nil {
			return err
		}
		o.SetJob(vault.JobWithdraw, now)
		return tx.PutObject(&o)
	}))
}

func (s *withdrawals) withdrawLater(ctx context.Context, l vault.Lease, due time.Time) error {
	return s.Work(ctx, l, func(_ vault.Tx, o *vault.Object) error {
		op := *o.Operation
		op.Attempt++
		o.Operation = &op
		o.SetJob(vault.JobWithdraw, due)
		return nil
	})
}
