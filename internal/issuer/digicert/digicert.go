// Package digicert orders certificates at DigiCert CertCentral, by its Services
// API v2 (docs/issuers/digicert.md): place, follow, collect, cancel, renew, revoke. An
// order costs money and the API has no idempotency key, so a claim is written
// down before each order leaves the house, and an order whose answer was lost
// is looked for before another is placed. It may not see a private key, nor
// believe that silence means no. Begin with Step; place.go is the delicate part.
package digicert

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"certwright/internal/outbound"
	"certwright/internal/vault"
)

// Issuer orders at one CertCentral instance. Make it with New.
type Issuer struct {
	Name     string // of the provider, in the configuration
	Settings Settings
	Accounts vault.Accounts

	client *outbound.Client
}

// New returns the issuer of a provider. It reads the CA bundle and refuses
// settings that will not do; it asks nobody.
func New(name string, s Settings, accounts vault.Accounts) (*Issuer, error) {
	if err := errors.Join(s.Check()...); err != nil {
		return nil, err
	}
	// per API key: dev.digicert.com, "Rate limits"
	client, err := outbound.New(s.CABundle, outbound.Limit{Requests: 100, Within: 5 * time.Second}, outbound.Limit{Requests: 1000, Within: 3 * time.Minute})
	if err != nil {
		return nil, err
	}
	return &Issuer{Name: name, Settings: s.withDefaults(), Accounts: accounts, client: client}, nil
}

// PendingLimit is how long an order may be pending at CertCentral.
func (i *Issuer) PendingLimit() time.Duration { return i.Settings.PendingTimeout }

// atOnce is the Progress.Again of a step that only waits to be saved.
const atOnce = time.Millisecond

// Step takes the order one step further: begin notes what is to be ordered,
// place orders it, follow waits for it and collects the certificate.
func (i *Issuer) Step(ctx context.Context, o vault.Order) (vault.Progress, error) {
	s, err := i.open(o)
	if err != nil {
		return vault.Progress{}, err
	}
	switch {
	case s.notes.Stage == "" && s.key == "":
		return fail(vault.IssuerFault, "The issuer has no API key: put one into its credentials.pwd."), nil
	case s.key == "":
		return vault.Progress{}, errNoKey
	case s.notes.Stage == "":
		return s.begin(ctx)
	case s.notes.Order == 0:
		return s.place(ctx)
	}
	return s.follow(ctx)
}

var errNoKey = errors.New("the issuer has no API key; put one into its credentials.pwd")

// A step is one order in the hands of one Step or Cancel.
type step struct {
	*Issuer
	caller
	order vault.Order
	notes notebook
	want  wanted
	unfit error // why it cannot be ordered, if it was not; an order that was placed goes on all the same
}

// open reads what is wanted and where the order stands.
func (i *Issuer) open(o vault.Order) (*step, error) {
	s := &step{Issuer: i, caller: i.caller(o.Password), order: o}
	var err error
	if s.notes, err = readNotebook(o.State); err != nil {
		return nil, err
	}
	s.want, s.unfit = i.wanted(o)
	return s, nil
}

// wait is the progress of an order that is looked at again after a while.
func (s *step) wait(again time.Duration, detail string, notes ...string) vault.Progress {
	return vault.Progress{State: s.notes.bytes(), Again: again, Detail: detail, Notes: notes}
}

// fail ends the order.
func fail(code, message string) vault.Progress {
	return vault.Progress{Failure: &vault.Failure{Code: code, Message: message}}
}

func sentence(format string, args ...any) string {
	text := strings.TrimSpace(fmt.Sprintf(format, args...))
	if text != "" && !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

// Share has the pace of each API key hold for all servers that share rows. Call it
// before the first order.
func (i *Issuer) Share(name string, rows vault.Accounts) { i.client.Share(name, rows) }

// Follow lets the time at which the authority wants to be asked again follow a
// clock; it is real time else.
func (i *Issuer) Follow(c vault.Clock) { i.client.Clock = c }
