package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"certwright/internal/engine"
	"certwright/internal/schedule"
	"certwright/internal/vault"
)

// A renewer is what the schedule asks of those who know issuers.
type renewer struct{ *Service }

// Renew works out the operation that gives a certificate its next version: like
// a create that names no policy, with tags and state carried on. The current
// version is not touched before the new one is complete.
func (s renewer) Renew(ctx context.Context, head vault.Object, was vault.Version) (schedule.Renewal, error) {
	enabled := was.Attributes.Enabled
	p, err := s.plan(ctx, head.Ref, CreateInput{Tags: was.Tags, Enabled: &enabled,
		PreserveOrder: was.Certificate != nil && was.Certificate.PreserveOrder})
	if err != nil {
		return nil, err
	}
	if p.rev != head.Rev {
		return nil, engine.ErrChanged
	}
	p.op.Renewal = true
	p.op = p.op.Noted(p.now, fmt.Sprintf("Renewal of version %s, which expires at %s.", was.ID, was.Attributes.Expires.Format(time.RFC3339)))
	p.op = p.op.Noted(p.now, head.Deviation(was, s.Settings(head.Vault)))
	return &p, s.stage(&p)
}

// Operation is what is to be stored.
func (p *plan) Operation() vault.Operation { return p.op }

// Suggest asks the issuer of a version when to renew it. One that cannot be
// asked is asked again in an hour or later.
func (s renewer) Suggest(ctx context.Context, v vault.Version, now time.Time) (vault.Suggestion, error) {
	if v.Certificate == nil || v.Certificate.IssuerName == "" {
		return vault.Suggestion{}, vault.ErrNotFound
	}
	var cfg vault.IssuerConfig
	err := s.Store.View(ctx, func(r vault.Reader) (err error) {
		cfg, err = maker(r, v)
		return err
	})
	if err != nil {
		return vault.Suggestion{}, err
	}
	suggester, ok := s.Issuers(cfg.Provider).(vault.Suggester)
	if !ok {
		return vault.Suggestion{}, vault.ErrNotFound
	}
	i := vault.Issued{Issuer: cfg, Ref: v.Certificate.IssuerRef, Chain: leafFirst(v.Certificate), Now: now}
	if i.Password, err = s.password(cfg); err != nil {
		return vault.Suggestion{}, err
	}
	within, stop := context.WithTimeout(ctx, stepTime)
	defer stop()
	began := realNow()
	said, err := suggester.Suggest(within, i)
	if errors.Is(err, vault.ErrNotFound) {
		return said, err
	}
	s.called(cfg.Provider, CallSuggest, began, vault.Progress{}, err)
	if err != nil {
		return said, &vault.RetryError{After: max(retryAfter(err, 12), time.Hour), Err: redactError(err, i.Password)}
	}
	return said, nil
}

// leafFirst is the chain of a version with its own certificate in front.
func leafFirst(c *vault.CertificateBody) [][]byte {
	if c.PreserveOrder { // it may stand anywhere
		return append([][]byte{c.Leaf}, c.Chain...)
	}
	return c.Chain
}
