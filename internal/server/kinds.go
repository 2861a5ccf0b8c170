package server

import (
	"reflect"

	"certwright/internal/vault"
)

// A kind is one sort of provider.
type kind struct {
	settings reflect.Type // the Settings of its package
	open     func(ProviderSettings, surroundings) (vault.Issuer, error)
}

// surroundings are what a provider is opened with beside its settings.
type surroundings struct {
	name     string // as configured
	accounts vault.Accounts
	clock    vault.Clock
	played   vault.Issuer // the scripted issuer, one for all
}

// kinds is the table of what a provider may be: a new issuer is a line here.
// Opening one reads the files that its settings name and makes no call.
func kinds() map[string]kind {
	return map[string]kind{
		"scripted": kindOf(func(_ scriptedSettings, with surroundings) (vault.Issuer, error) { return with.played, nil }),
	}
}

func kindOf[S ProviderSettings](open func(S, surroundings) (vault.Issuer, error)) kind {
	return kind{
		settings: reflect.TypeFor[S](),
		open: func(s ProviderSettings, with surroundings) (vault.Issuer, error) {
			own, _ := s.(S) // Provider.check saw to the type
			return open(own, with)
		},
	}
}

// scriptedSettings are none: the script stands in the issuer resource.
type scriptedSettings struct{}

// Check implements ProviderSettings.
func (scriptedSettings) Check() []error { return nil }
