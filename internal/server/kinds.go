package server

import (
	"context"
	"fmt"
	"net/http"

	"certwright/internal/certs"
	"certwright/internal/challenge"
	"certwright/internal/clock"
	"certwright/internal/config"
	"certwright/internal/issuer/acme"
	"certwright/internal/issuer/ca"
	"certwright/internal/issuer/digicert"
	"certwright/internal/issuer/openbao"
	"certwright/internal/issuer/scripted"
	"certwright/internal/outbound"
	"certwright/internal/vault"
)

// surroundings are what a provider is opened with beside its settings.
type surroundings struct {
	name     string // as configured
	accounts vault.Accounts
	shared   bool // other servers have them too
	clock    vault.Clock
	announce ca.Announcer
	board    *challenge.Responses // one for all
	script   certs.Authority      // signs what the scripted issuer issues
	played   vault.Issuer         // plays every name that is not configured; nil: nothing does
}

// openIssuer opens the issuer that settings describe. It reads the files that
// they name and makes no call.
func openIssuer(ctx context.Context, settings config.ProviderSettings, with surroundings) (vault.Issuer, error) {
	issuer, err := openKind(ctx, settings, with)
	if f, ok := issuer.(interface{ Follow(vault.Clock) }); ok && err == nil {
		f.Follow(with.clock) // when its authority wants to be asked again
	}
	if s, ok := issuer.(interface {
		Share(name string, rows vault.Accounts)
	}); ok && err == nil && with.shared {
		s.Share(with.name, with.accounts)
	}
	return issuer, err
}

func openKind(ctx context.Context, settings config.ProviderSettings, with surroundings) (vault.Issuer, error) {
	switch s := settings.(type) {
	case *config.Scripted:
		return scripted.Issuer{Authority: with.script, Configured: true}, nil
	case *ca.Settings:
		return ca.New(ctx, ca.Issuer{Name: with.name, Settings: *s, Accounts: with.accounts, Clock: with.clock, Announce: with.announce})
	case *acme.Settings:
		return openACME(*s, with)
	case *digicert.Settings:
		return digicert.New(with.name, *s, with.accounts)
	case *openbao.Settings:
		return openbao.New(*s)
	}
	return nil, fmt.Errorf("nobody opens settings of type %T", settings)
}

func openACME(s acme.Settings, with surroundings) (vault.Issuer, error) {
	i := acme.Issuer{Name: with.name, Settings: s, Accounts: with.accounts}
	if s.Solves() {
		var err error
		if i.Solver, err = challenge.New(s.Solver, challenge.Means{Clock: clock.Real{}, HTTP: with.solverClient, Responses: with.board}); err != nil {
			return nil, err
		}
	}
	return acme.New(i)
}

// solverClient makes the client by which a solver publishes proofs.
func (with surroundings) solverClient(caBundle string) (*http.Client, error) {
	c, err := outbound.New(caBundle)
	if err != nil {
		return nil, err
	}
	c.Clock = with.clock
	return c.HTTP(""), nil
}
