package order

import (
	"context"
	"fmt"
	"time"

	"certwright/internal/renewal"
	"certwright/internal/schedule"
	"certwright/internal/vault"
)

// Renew works out the operation that gives a certificate its next version: like
// a create that names no policy, with tags and state carried on. The current
// version is not touched before the new one is complete.
func (s *Orders) Renew(ctx context.Context, o vault.Object, was vault.Version) (schedule.Renewal, error) {
	enabled := was.Attributes.Enabled
	p, err := s.planned(ctx, o.Ref, CreateInput{Tags: was.Tags, Enabled: &enabled,
		PreserveOrder: was.Certificate != nil && was.Certificate.PreserveOrder})
	if err != nil {
		return nil, err
	}
	if p.o.Rev != o.Rev {
		return nil, vault.ErrStale
	}
	p.op.Renewal = true
	p.op = p.op.Noted(p.now, fmt.Sprintf("Renewal of version %s, which expires at %s.", was.ID, was.Attributes.Expires.Format(time.RFC3339)))
	p.op = p.op.Noted(p.now, renewal.Deviation(o, was, s.Settings(o.Vault)))
	return &p, s.prepare(&p)
}

// GivenUp is when an operation fails if its issuer leaves it waiting; zero: never.
func (s *Orders) GivenUp(op vault.Operation) time.Time { return s.Issuers.givenUp(op) }

// Suggest asks the issuer of a version when to renew it.
func (s *Orders) Suggest(ctx context.Context, v vault.Version, now time.Time) (vault.Suggestion, error) {
	return s.Issuers.suggestion(ctx, v, now)
}

// Operation is what is to be stored.
func (p *plan) Operation() vault.Operation { return p.op }

// leafFirst is the chain of a version with its own certificate in front.
func leafFirst(c *vault.CertificateBody) [][]byte {
	if c.PreserveOrder { // it may stand anywhere
		return append([][]byte{c.Leaf}, c.Chain...)
	}
	return c.Chain
}
