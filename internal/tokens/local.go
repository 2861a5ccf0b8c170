package tokens

import (
	"context"

	"certwright/internal/auth"
	"certwright/internal/vault"
)

var _ auth.LocalIssuer = (*Service)(nil)

// Name implements auth.LocalIssuer.
func (s *Service) Name() string { return vault.ClientIssuer }

// URL implements auth.LocalIssuer: the iss of every token.
func (s *Service) URL() string { return s.settings.Issuer }

// Accepts implements auth.LocalIssuer.
func (s *Service) Accepts(audience string) bool { return s.audiences.allows(audience) }

// Keys implements auth.LocalIssuer: those that are published.
func (s *Service) Keys(ctx context.Context, _ string) (keys []auth.Key, generation uint64) {
	now := s.keys.now(ctx)
	return now.shown, now.generation
}
