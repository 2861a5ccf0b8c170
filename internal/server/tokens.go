package server

import (
	"context"
	"fmt"
	"net/http"

	"certwright/internal/account"
	"certwright/internal/sts"
	"certwright/internal/tokens"
)

// A front answers the paths that are its own before the vaults do.
type front interface {
	Serves(path string) bool
	http.Handler
}

// openTokens makes the token service: in a development server it has a token
// for everybody; a production server has one where it is configured.
func (s *Server) openTokens(_ context.Context, l *live) error {
	if l.config.Production {
		return s.openTokenService(l)
	}
	tokens, err := sts.New(l.config.Tenant)
	l.tokens = tokens
	return err
}

// openTokenService makes the token service that is configured, if it is.
func (s *Server) openTokenService(l *live) error {
	given := l.config.Auth.TokenService
	if given == nil {
		return nil
	}
	service, err := tokens.New(s.ctx, *given, tokens.Means{
		Accounts: account.Book{Store: s.store, Sealer: s.seal}, Hosts: l.config.Hosts, Log: s.log, Memory: &s.used,
	})
	if err != nil {
		return fmt.Errorf("auth: %w", err)
	}
	l.tokens = service
	l.behind = append(l.behind, service.Run)
	return nil
}
