package service

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"time"

	"certwright/internal/certs"
	"certwright/internal/clock"
	"certwright/internal/vault"
)

// lease is how long a GET holds the job it takes, in real time.
const lease = 30 * time.Second

// Issue is the handler of JobIssue: it takes the pending operation one step
// further and ends the job, or says when to come back, in the transaction that
// stores what the step achieved. An error leaves the job to its lease.
func (s *Service) Issue(ctx context.Context, l vault.Lease) error {
	op, prev, cfg, err := s.underway(ctx, l.Ref)
	if err != nil {
		return err
	}
	return s.issue(ctx, l, op, cfg, prev)
}

func (s *Service) issue(ctx context.Context, l vault.Lease, op vault.Operation, cfg vault.IssuerConfig, prev []byte) error {
	if op.Status != vault.InProgress {
		return s.drop(ctx, l)
	}
	next, err := s.step(ctx, op, cfg, prev)
	if err != nil {
		return err
	}
	return s.conclude(ctx, l, op, next)
}

// underway reads an operation, its issuer, and what the issuer noted with the current version.
func (s *Service) underway(ctx context.Context, ref vault.Ref) (op vault.Operation, prev []byte, cfg vault.IssuerConfig, err error) {
	err = s.Store.View(ctx, func(r vault.Reader) error {
		if op, _, err = found(r.Operation(ref)); err != nil || op.Issuer == nil {
			return err
		}
		current, ok, err := found(r.Issuer(ref.Vault, op.IssuerName))
		if err != nil {
			return err
		}
		if cfg = *op.Issuer; ok { // a running order uses the live issuer, or else the snapshot (DESIGN section 5)
			cfg = current
		}
		head, err := r.Object(ref)
		if err != nil || head.Pending {
			return err
		}
		v, err := r.Version(ref, head.Latest)
		if err == nil && v.Certificate != nil {
			prev = v.Certificate.IssuerRef
		}
		return err
	})
	return op, prev, cfg, err
}

// An outcome is what a step achieved, with everything slow already done.
type outcome struct {
	progress   vault.Progress
	retry      error       // the issuer could not be asked
	cancelLost bool        // the issuer was asked to cancel and went on
	made       *newVersion // the version to store, when issued
	due        time.Time   // when to step again, when in progress
}

// step decides what is to be done with the operation now and does it.
func (s *Service) step(ctx context.Context, op vault.Operation, cfg vault.IssuerConfig, prev []byte) (outcome, error) {
	now := s.now()
	waits := op.CancelRequested && !op.CancelLost && now.Before(op.CancelDue)
	switch {
	case waits:
		return outcome{progress: vault.Progress{State: op.State}, due: op.CancelDue}, nil
	case op.Manual():
		return outcome{progress: vault.Progress{Cancelled: op.CancelNow(now)}}, nil
	case op.Self() && op.CancelNow(now):
		return outcome{progress: vault.Progress{Cancelled: true}}, nil
	case op.Self():
		return s.selfSign(op, now)
	}
	return s.askIssuer(ctx, op, cfg, prev, now)
}

func (s *Service) selfSign(op vault.Operation, now time.Time) (outcome, error) {
	key, err := s.stagedKey(op)
	if err != nil {
		return outcome{}, err
	}
	leaf, err := certs.SelfSign(key, op.Policy.X509, now)
	if err != nil {
		return outcome{}, fmt.Errorf("sign %s with its own key: %w", op.Ref, err)
	}
	return s.issued(op, key, vault.Progress{Chain: [][]byte{leaf}}, now)
}

// askIssuer takes the order one step further at its issuer, or withdraws it.
func (s *Service) askIssuer(ctx context.Context, op vault.Operation, cfg vault.IssuerConfig, prev []byte, now time.Time) (outcome, error) {
	issuer := s.Issuers(cfg.Provider)
	if issuer == nil {
		return outcome{retry: fmt.Errorf("this server has no provider %s", cfg.Provider), due: now.Add(backoff(op.Attempt))}, nil
	}
	o, err := s.order(op, cfg, prev, now)
	if err != nil {
		return outcome{}, err
	}
	ask := issuer.Step
	canceler, ok := issuer.(vault.Canceler)
	cancel := ok && op.CancelNow(now)
	if cancel {
		ask = canceler.Cancel
	}
	p, err := ask(ctx, o)
	if err != nil {
		return outcome{retry: err, due: now.Add(retryAfter(err, op.Attempt))}, nil
	}
	if cancel && p.State == nil {
		p.State = op.State // the order goes on from where it was
	}
	if p.Chain == nil {
		return outcome{progress: p, due: now.Add(max(p.Again, time.Second)), cancelLost: op.CancelNow(now)}, nil
	}
	key, err := s.stagedKey(op)
	if err != nil {
		return outcome{}, err
	}
	return s.issued(op, key, p, now)
}

// issued checks what came back and makes the version from it. A chain that
// does not fit is the issuer's fault.
func (s *Service) issued(op vault.Operation, key certs.Key, p vault.Progress, now time.Time) (outcome, error) {
	leaf, err := certs.FindLeaf(p.Chain, key.Public())
	if err != nil {
		fault := &vault.Failure{Code: vault.IssuerFault, Message: "The issuer returned a certificate that does not belong to the certificate signing request."}
		return outcome{progress: vault.Progress{Failure: fault}}, nil
	}
	made, err := s.makeVersion(material{ref: op.Ref, key: key, chain: p.Chain, leaf: leaf, policy: op.Policy, enabled: op.Enabled,
		tags: op.Tags, preserveOrder: op.PreserveOrder, issuerRef: p.Ref, now: now})
	return outcome{progress: p, made: &made}, err
}

// conclude stores the outcome. An operation that was deleted or overwritten
// meanwhile has no use for it.
func (s *Service) conclude(ctx context.Context, l vault.Lease, was vault.Operation, next outcome) error {
	if next.retry != nil {
		s.Log.Warn("issuer could not be asked", "vault", was.Vault, "certificate", was.Name, "request", was.RequestID, "attempt", was.Attempt+1, "error", next.retry)
	}
	err := s.change(ctx, was.Ref, func(tx vault.Tx) error {
		if err := tx.Finish(l); err != nil {
			return err
		}
		op, ok, err := found(tx.Operation(was.Ref))
		if err != nil || !ok || op.RequestID != was.RequestID || op.Status != vault.InProgress {
			return err
		}
		return conclude(tx, op, was, next)
	})
	if errors.Is(err, vault.ErrStale) { // the job was withdrawn, and its operation with it
		return nil
	}
	s.Poke()
	return err
}

func conclude(tx vault.Tx, op, was vault.Operation, next outcome) error {
	p := next.progress
	op.State, op.Attempt = p.State, 0
	if next.retry != nil {
		op.State, op.Attempt = was.State, was.Attempt+1
	}
	if p.Detail != "" {
		op.Detail = p.Detail
	}
	switch {
	case next.made != nil:
		return next.made.complete(tx, op)
	case p.Failure != nil:
		_, err := tx.PutOperation(op.Fail(*p.Failure))
		return err
	case p.Cancelled && !op.CancelRequested && (op.Self() || op.Manual()):
		next.due = goOn(op, was) // the wish was withdrawn before it was carried out
	case p.Cancelled:
		_, err := tx.PutOperation(op.Cancel())
		return err
	}
	op.CancelLost = op.CancelRequested && (op.CancelLost || next.cancelLost)
	if op.CancelRequested && !op.CancelLost && op.CancelDue.Before(next.due) {
		next.due = op.CancelDue // a cancel that came while the issuer was asked
	}
	if _, err := tx.PutOperation(op); err != nil || next.due.IsZero() {
		return err
	}
	return tx.PutJob(vault.Job{Kind: vault.JobIssue, Ref: op.Ref, Due: next.due, Attempt: op.Attempt})
}

// goOn is when an operation whose cancel was withdrawn is looked at again: at
// once, or never where a person merges.
func goOn(op, was vault.Operation) time.Time {
	if op.Manual() {
		return time.Time{}
	}
	return was.CancelDue
}

// A GET that finds the worker at the job waits a little for it, in real time:
// the worker may have looked at the order just before it became ready.
const (
	patience = time.Second
	glance   = 5 * time.Millisecond
)

// settle finishes an operation that has nothing to wait for, so that the first
// GET after a create already sees its end (DESIGN section 5).
func (s *Service) settle(ctx context.Context, ref vault.Ref) error {
	ref = ref.As(vault.Certificates)
	for until := (clock.Real{}).Now().Add(patience); ; {
		op, prev, cfg, err := s.underway(ctx, ref)
		if err != nil || op.Status != vault.InProgress || op.CancelRequested || !s.prompt(op, cfg, prev) {
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
		case <-time.After(glance):
		}
		if (clock.Real{}).Now().After(until) {
			return nil
		}
	}
}

// prompt reports whether nothing has to be waited for.
func (s *Service) prompt(op vault.Operation, cfg vault.IssuerConfig, prev []byte) bool {
	if op.Self() {
		return true
	}
	prompter, ok := s.Issuers(cfg.Provider).(vault.Prompter)
	if op.Manual() || !ok {
		return false
	}
	o, err := s.order(op, cfg, prev, s.now())
	return err == nil && prompter.Prompt(o)
}

// order shows the operation to its issuer: the CSR, never the key.
func (s *Service) order(op vault.Operation, cfg vault.IssuerConfig, prev []byte, now time.Time) (vault.Order, error) {
	o := vault.Order{ID: op.RequestID, Ref: op.Ref, CSR: op.CSR, Policy: op.Policy, Issuer: cfg, State: op.State, Attempt: op.Attempt,
		CancelRequested: op.CancelRequested, Created: op.Created, Now: now, Previous: prev}
	if cfg.Credentials == nil || cfg.Credentials.Password == nil {
		return o, nil
	}
	pwd, err := s.Sealer.Open(cfg.Credentials.Password, vault.IssuerBinding(cfg.Vault, cfg.Name))
	if err != nil {
		return o, fmt.Errorf("open the password of issuer %s: %w", cfg.Name, err)
	}
	o.Password = vault.Hidden(pwd)
	return o, nil
}

// backoff doubles from one second to one hour.
func backoff(attempt int) time.Duration {
	if attempt >= bits.Len(3600) {
		return time.Hour
	}
	return time.Second << attempt
}

// retryAfter is when to ask again: when the issuer said, else by backoff.
func retryAfter(err error, attempt int) time.Duration {
	var r *vault.RetryError
	if errors.As(err, &r) && r.After > 0 {
		return min(r.After, 24*time.Hour)
	}
	return backoff(attempt)
}
