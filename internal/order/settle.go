package order

import (
	"context"
	"errors"
	"time"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// lease is how long a GET holds the job it takes, in real time.
const lease = 30 * time.Second

// A GET that finds the worker at the job waits a little for it, in real time:
// the worker may have looked at the order just before it became ready.
const (
	settleWait  = time.Second
	settleEvery = 5 * time.Millisecond
)

// Settle finishes an operation that has nothing to wait for, so that the first
// GET after a create already sees its end (docs/decisions/002-when-work-happens.md).
// While nothing can be stored, the GET is answered with what there is.
func (s *Orders) Settle(ctx context.Context, ref vault.Ref) error {
	err := s.settle(ctx, ref)
	if vault.IsStorageFault(err) {
		return nil
	}
	return err
}

func (s *Orders) settle(ctx context.Context, ref vault.Ref) error {
	ref = ref.As(vault.Certificates)
	for until := (clock.Real{}).Now().Add(settleWait); ; {
		op, prev, cfg, err := s.underway(ctx, ref)
		if err != nil || op.Status != vault.InProgress || op.CancelRequested || !s.Issuers.prompt(op, cfg, prev) {
			return err
		}
		l, err := s.Store.Take(ctx, vault.JobIssue, ref, clock.Real{}.Now(), lease) // leases follow real time
		switch {
		case err == nil && op.Self():
			return s.issue(ctx, l, op, cfg, prev)
		case err == nil: // an issuer's notes may have changed before the lease was had
			return s.Issue(ctx, l)
		case !errors.Is(err, vault.ErrNotFound):
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(settleEvery):
		}
		if (clock.Real{}).Now().After(until) {
			return nil
		}
	}
}
