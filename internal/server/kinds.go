package server

import (
	"context"
	"net/http"
	"reflect"

	"certwright/internal/challenge"
	"certwright/internal/clock"
	"certwright/internal/issuer/acme"
	"certwright/internal/issuer/ca"
	"certwright/internal/issuer/digicert"
	"certwright/internal/issuer/openbao"
	"certwright/internal/outbound"
	"certwright/internal/vault"
)

// A kind is one sort of provider.
type kind struct {
	settings reflect.Type // the Settings of its package
	open     func(context.Context, ProviderSettings, surroundings) (vault.Issuer, error)
}

// surroundings are what a provider is opened with beside its settings.
type surroundings struct {
	name     string // as configured
	accounts vault.Accounts
	clock    vault.Clock
	board    *challenge.Board // one for all
	played   vault.Issuer     // the scripted issuer, one for all
}

// kinds is the table of what a provider may be: a new issuer is a line here.
// Opening one reads the files that its settings name and makes no call.
func kinds() map[string]kind {
	return map[string]kind{
		"scripted": kindOf(func(_ context.Context, _ scriptedSettings, with surroundings) (vault.Issuer, error) {
			return with.played, nil
		}),
		"ca": kindOf(func(ctx context.Context, s ca.Settings, with surroundings) (vault.Issuer, error) {
			return ca.New(ctx, ca.Issuer{Name: with.name, Settings: s, Accounts: with.accounts, Clock: with.clock})
		}),
		"acme": kindOf(openACME),
		"digicert": kindOf(func(_ context.Context, s digicert.Settings, with surroundings) (vault.Issuer, error) {
			return digicert.New(with.name, s, with.accounts)
		}),
		"vault": kindOf(func(_ context.Context, s openbao.Settings, _ surroundings) (vault.Issuer, error) {
			return openbao.New(s)
		}),
	}
}

func kindOf[S ProviderSettings](open func(context.Context, S, surroundings) (vault.Issuer, error)) kind {
	return kind{
		settings: reflect.TypeFor[S](),
		open: func(ctx context.Context, s ProviderSettings, with surroundings) (vault.Issuer, error) {
			own, _ := s.(S) // Provider.check saw to the type
			return open(ctx, own, with)
		},
	}
}

// scriptedSettings are none: the script stands in the issuer resource.
type scriptedSettings struct{}

// Check implements ProviderSettings.
func (scriptedSettings) Check() []error { return nil }

func openACME(_ context.Context, s acme.Settings, with surroundings) (vault.Issuer, error) {
	i := acme.Issuer{Name: with.name, Settings: s, Accounts: with.accounts}
	if s.Solves() {
		var err error
		if i.Solver, err = challenge.New(s.Solver, challenge.Means{Clock: clock.Real{}, HTTP: solverClient, Board: with.board}); err != nil {
			return nil, err
		}
	}
	return acme.New(i)
}

// solverClient makes the client by which a solver publishes proofs.
func solverClient(caBundle string) (*http.Client, error) {
	c, err := outbound.New(caBundle)
	if err != nil {
		return nil, err
	}
	return c.HTTP(""), nil
}
