package server

import (
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
func (s *Server) openTokens() (err error) {
	if s.config.Production {
		return s.openTokenService()
	}
	s.tokens, err = sts.New(s.config.Tenant)
	return err
}

// openTokenService makes the token service that is configured, if it is.
func (s *Server) openTokenService() error {
	given := s.config.Auth.TokenService
	if given == nil {
		return nil
	}
	service, err := tokens.New(s.ctx, *given, tokens.Means{
		Accounts: account.Book{Store: s.store, Sealer: s.seal}, Hosts: s.config.Hosts, Log: s.log,
	})
	if err != nil {
		return fmt.Errorf("auth: %w", err)
	}
	s.tokens = service
	s.background.Go(func() { service.Run(s.ctx) })
	return nil
}
