// Package acme orders certificates from any ACME authority (RFC 8555): accounts
// with external binding, proofs through internal/challenge, profiles, preferred
// chains, renewal information (RFC 9773). It may not see a certificate's private
// key, and asks no address but its directory's. An order is a row of small steps,
// each safe to repeat: what the authority says of the order decides what is done
// next, not what was done last. Begin with Step; state.go is what is kept
// between steps, docs/issuers/acme.md the facts behind the odd parts.
package acme

import (
	"errors"
	"fmt"
	"time"

	"certwright/internal/challenge"
	"certwright/internal/outbound"
	"certwright/internal/vault"
)

// Issuer is one ACME authority for all issuer resources that name its provider.
// Make one with New.
type Issuer struct {
	Name     string           // of the provider
	Settings Settings         // as the operator wrote them
	Accounts vault.Accounts   // keeps account keys, sealed
	Solver   challenge.Solver // nil: the authority is expected to ask for no proof
	Client   *outbound.Client // nil: one is made from Settings

	memory *memory
}

var (
	_ vault.Issuer         = (*Issuer)(nil)
	_ vault.Canceler       = (*Issuer)(nil)
	_ vault.Validator      = (*Issuer)(nil)
	_ vault.PendingLimiter = (*Issuer)(nil)
	_ vault.Revoker        = (*Issuer)(nil)
	_ vault.Suggester      = (*Issuer)(nil)
	_ vault.Namer          = (*Issuer)(nil)
	_ vault.Registrar      = (*Issuer)(nil)
)

// New returns the issuer that i describes, ready for use. It reads the CA
// bundle and asks nobody.
func New(i Issuer) (*Issuer, error) {
	if err := errors.Join(i.Settings.Check()...); err != nil {
		return nil, err
	}
	switch {
	case i.Name == "" || i.Accounts == nil:
		return nil, errors.New("an ACME issuer needs a name and accounts")
	case i.Solver != nil && i.Settings.Challenge != "" && i.Solver.Type() != i.Settings.Challenge:
		return nil, fmt.Errorf("challenge: is %s, and the solver solves %s; write the same for both", i.Settings.Challenge, i.Solver.Type())
	}
	if i.Client == nil {
		client, err := outbound.New(i.Settings.CABundle)
		if err != nil {
			return nil, fmt.Errorf("ca_bundle: %w", err)
		}
		i.Client = client
	}
	i.memory = newMemory()
	return &i, nil
}

// PendingLimit implements vault.PendingLimiter: pending_timeout, or a week.
func (i *Issuer) PendingLimit() time.Duration {
	if i.Settings.PendingTimeout == 0 {
		return 7 * 24 * time.Hour
	}
	return i.Settings.PendingTimeout
}

// Follow lets the time at which the authority wants to be asked again follow a
// clock; it is real time else.
func (i *Issuer) Follow(c vault.Clock) { i.Client.Clock = c }
