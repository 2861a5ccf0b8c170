package order

import (
	"context"
	"strings"
	"time"

	"certwright/internal/engine"
	"certwright/internal/renewal"
	"certwright/internal/schedule"
	"certwright/internal/vault"
)

const issuerJobs = "issuer-" // what the names of an issuer's jobs begin with

// IssuerRef is where the job about an issuer is.
func IssuerRef(vaultName, name string) vault.Ref {
	return vault.Ref{Vault: vaultName, Kind: vault.Lists, Name: issuerJobs + name}
}

// Mend is the handler of JobMend: an issuer was edited, which may have mended
// it, so what waited for it before is tried at once. Each wait is ended in a
// transaction of its own; ended twice is no harm.
func (s *Operator) Mend(ctx context.Context, l vault.Lease) error {
	now, issuer := s.Now(), strings.TrimPrefix(l.Ref.Name, issuerJobs)
	end := func(op vault.Operation) error {
		if !strings.EqualFold(op.IssuerName, issuer) || !op.Created.Before(l.Due) {
			return nil
		}
		return s.Change(ctx, op.Ref, func(tx vault.Tx) error {
			_, err := s.hasten(tx, op.Ref, "Issuer "+issuer+" was edited or registered anew; it is tried at once.", now)
			return err
		})
	}
	if err := s.EachUnderway(ctx, l.Ref.Vault, end); err != nil {
		return err
	}
	if err := s.eachFailed(ctx, l.Ref.Vault, end); err != nil {
		return err
	}
	err := s.Drop(ctx, l)
	s.Poke()
	return err
}

// eachFailed goes through the failed operations of a vault.
func (s *Operator) eachFailed(ctx context.Context, vaultName string, do func(vault.Operation) error) error {
	for after := (vault.Ref{Vault: vaultName}); ; {
		var page []vault.Operation
		err := s.Store.View(ctx, func(r vault.Reader) (err error) {
			page, err = r.Failed(after, engine.PageSize)
			return err
		})
		if err != nil {
			return err
		}
		for _, op := range page {
			if op.Vault != vaultName {
				return nil
			}
			if err := do(op); err != nil {
				return err
			}
		}
		if len(page) < engine.PageSize {
			return nil
		}
		after = page[len(page)-1].Ref
	}
}

// Retry ends the wait of an operation in progress or of a failed renewal: it is
// tried at once. Where nothing waits to be tried the refusal says what to do.
func (s *Operator) Retry(ctx context.Context, ref vault.Ref) (st vault.Standing, err error) {
	now := s.Now()
	err = s.Change(ctx, ref, func(tx vault.Tx) error {
		head, err := engine.Existing(tx, ref)
		if err != nil {
			return err
		}
		why, err := s.hasten(tx, head.Ref, "An operator wants it tried at once.", now)
		switch {
		case err != nil:
			return err
		case why != nil:
			return why
		}
		op, ok, err := engine.Found(tx.Operation(head.Ref))
		if err != nil || !ok {
			st = vault.Standing{Operation: vault.Operation{Ref: head.Ref}}
			return err
		}
		st, err = s.standing(tx, op)
		return err
	})
	if err == nil {
		s.Poke()
	}
	return st, err
}

// hasten lets what waits of a certificate be tried at now: its operation in
// progress, or the renewal that failed or was cancelled. why says what else
// there is to do where nothing waits.
func (s *Operator) hasten(tx vault.Tx, ref vault.Ref, note string, now time.Time) (why, err error) {
	c, err := s.Scheduler.Current(tx, ref)
	if err != nil {
		return nil, err
	}
	if c.Operation.Status == vault.InProgress {
		op, why := c.Operation.Hasten(now)
		if why != nil {
			return why, nil
		}
		if _, err := tx.PutOperation(op.Noted(now, note)); err != nil {
			return nil, err
		}
		return nil, tx.PutJob(vault.Job{Kind: vault.JobIssue, Ref: ref, Due: now, Attempt: op.Attempt})
	}
	if why := idle(c, now); why != nil {
		return why, nil
	}
	if c.Operation.RequestID != "" {
		if _, err := tx.PutOperation(c.Operation.Noted(now, note)); err != nil {
			return nil, err
		}
	}
	return nil, s.Scheduler.RetryNow(tx, c)
}

// idle says why nothing of a certificate waits to be tried again;
// nil if something does.
func idle(c schedule.Current, now time.Time) error {
	switch {
	case !c.Exists && c.Operation.Status == vault.Failed:
		return vault.NothingToRetry("the last request failed, and there is no version yet that would be renewed; request the certificate again.")
	case !c.Exists:
		return vault.NothingToRetry("no version of the certificate was made yet.")
	case !renewal.Wanted(c.Head, c.Version):
		return vault.NothingToRetry("the certificate does not renew by itself: it or its policy is disabled, or has no AutoRenew; request it again.")
	case !c.Schedule.Retry.After(now):
		return vault.NothingToRetry("no renewal failed or was cancelled; request the certificate again for a new version.")
	}
	return nil
}
