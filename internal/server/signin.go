package server

import (
	"context"
	"net/http"

	"certwright/internal/auth"
	"certwright/internal/vault"
)

// A signIn says who asks, and which vault a host name means.
type signIn struct {
	authenticate func(*http.Request) (vault.Caller, error)
	challenge    func(host string) string
	vaultName    func(host string) (string, error)
}

// openSignIn makes it: in a development server any token will do, and any vault
// comes into being.
func (s *Server) openSignIn(_ context.Context, l *live) error {
	who := auth.Authenticator{Tenant: l.config.Tenant, Vault: l.config.DefaultVault, Known: auth.NewKnown()}
	l.signIn = signIn{who.Authenticate, who.Challenge, who.VaultName}
	if !l.config.Production {
		return nil
	}
	l.signIn.vaultName = l.declared(who.VaultName)
	l.signIn.authenticate = func(*http.Request) (vault.Caller, error) { return vault.Caller{}, vault.NoToken() } // nobody, until tokens are verified
	return nil
}

// declared refuses the names of vaults that the configuration does not declare.
func (l *live) declared(vaultName func(host string) (string, error)) func(host string) (string, error) {
	return func(host string) (string, error) {
		name, err := vaultName(host)
		if err == nil && !l.config.Declared(name) {
			return name, vault.NoSuchVault(name)
		}
		return name, err
	}
}

// authenticate, challenge and vaultName ask what is in force.

func (s *Server) authenticate(r *http.Request) (vault.Caller, error) {
	return s.now().signIn.authenticate(r)
}

func (s *Server) challenge(host string) string { return s.now().signIn.challenge(host) }

func (s *Server) vaultName(host string) (string, error) { return s.now().signIn.vaultName(host) }
