package server

import (
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
func (s *Server) openSignIn() error {
	who := auth.Authenticator{Tenant: s.config.Tenant, Vault: s.config.DefaultVault, Known: auth.NewKnown()}
	s.signIn = signIn{who.Authenticate, who.Challenge, who.VaultName}
	if !s.config.Production {
		return nil
	}
	s.signIn.vaultName = s.declared(who.VaultName)
	s.signIn.authenticate = func(*http.Request) (vault.Caller, error) { return vault.Caller{}, vault.NoToken() } // nobody, until tokens are verified
	return nil
}

// declared refuses the names of vaults that the configuration does not declare.
func (s *Server) declared(vaultName func(host string) (string, error)) func(host string) (string, error) {
	return func(host string) (string, error) {
		name, err := vaultName(host)
		if err == nil && !s.config.Declared(name) {
			return name, vault.NoSuchVault(name)
		}
		return name, err
	}
}
