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
	return vault.Ref{Vault: vaultName, Kind: vault.VaultJobs, Name: issuerJobs + name}
}

// Mend is the handler of JobMend: an issuer was edited, which may have mended
// it, so what waited for it before is tried at once. Each wait is ended in a
// transaction of its own; ended twice is no harm.
func (s *Operator) Mend(ctx context.Context, l vault.Lease) error {
	now, issuer := s.Now(), strings.TrimPrefix(l.Ref.Name, issuerJobs)
	end := func(o vault.Object) error {
		if op := o.Operation; o.Deletion != nil || !strings.EqualFold(op.IssuerName, issuer) || !op.Created.Before(l.Due) {
			return nil
		}
		err := s.Edit(ctx, o.Ref, func(tx vault.Tx, o *vault.Object) error {
			_, err := s.hasten(tx, o, "Issuer "+issuer+" was edited or registered anew; it is tried at once.", now)
			return err
		})
		_, _, err = engine.Found(o, err) // it may have gone away
		return err
	}
	for _, status := range []vault.Status{vault.InProgress, vault.Failed} {
		if err := s.EachOrder(ctx, status, l.Ref.Vault, end); err != nil {
			return err
		}
	}
	err := s.Drop(ctx, l)
	s.Poke()
	return err
}

// Retry ends the wait of an operation in progress or of a failed renewal: it is
// tried at once. Where nothing waits to be tried the refusal says what to do.
func (s *Operator) Retry(ctx context.Context, ref vault.Ref) (st vault.Standing, err error) {
	now := s.Now()
	err = s.Edit(ctx, ref, func(tx vault.Tx, o *vault.Object) error {
		if o.Deletion != nil {
			return vault.ErrNotFound
		}
		why, err := s.hasten(tx, o, "An operator wants it tried at once.", now)
		switch {
		case err != nil:
			return err
		case why != nil:
			return why
		}
		st, err = s.standing(tx, *o)
		return err
	})
	if err == nil {
		s.Poke()
	}
	return st, engine.RefuseMissing(err, vault.NoSuchObject(ref))
}

// hasten lets what waits of a certificate be tried at now: its operation in
// progress, or the renewal that failed or was cancelled. why says what else
// there is to do where nothing waits.
func (s *Operator) hasten(r vault.Reader, o *vault.Object, note string, now time.Time) (why, err error) {
	if o.InProgress() {
		op, why := o.Operation.Hasten(now)
		if why != nil {
			return why, nil
		}
		op = op.Noted(now, note)
		o.Operation = &op
		o.SetJob(vault.JobIssue, now)
		return nil, nil
	}
	c, err := s.Scheduler.CurrentOf(r, *o)
	if err != nil {
		return nil, err
	}
	if why := idle(c, now); why != nil {
		return why, nil
	}
	if o.Operation != nil {
		op := o.Operation.Noted(now, note)
		o.Operation = &op
	}
	s.Scheduler.RetryNow(o, c.Version)
	return nil, nil
}

// idle says why nothing of a certificate waits to be tried again;
// nil if something does.
func idle(c schedule.Current, now time.Time) error {
	switch {
	case !c.Exists() && c.Operation != nil && c.Operation.Status == vault.Failed:
		return vault.NothingToRetry("the last request failed, and there is no version yet that would be renewed; request the certificate again.")
	case !c.Exists():
		return vault.NothingToRetry("no version of the certificate was made yet.")
	case !renewal.Wanted(c.Object, c.Version):
		return vault.NothingToRetry("the certificate does not renew by itself: it or its policy is disabled, or has no AutoRenew; request it again.")
	case !c.Schedule.Retry.After(now):
		return vault.NothingToRetry("no renewal failed or was cancelled; request the certificate again for a new version.")
	}
	return nil
}
