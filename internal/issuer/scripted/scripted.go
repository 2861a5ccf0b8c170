// Package scripted is the issuer of a dev server: it plays DigiCert,
// GlobalSign and every other provider offline. It signs with an authority of
// its own and behaves as the script in the issuer's account id says: hold,
// delay, reject, fail, lose a cancel (docs/issuers/scripted.md). It may not do
// anything that a real authority could not. Begin with Step; script.go reads
// the script.
package scripted

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"certwright/internal/certs"
	"certwright/internal/vault"
)

// Issuer answers orders from their script.
type Issuer struct {
	Authority  certs.Authority
	Configured bool // an operator chose it for its provider; else it plays whatever nobody configured
}

var errUnreachable = errors.New("the scripted issuer is unreachable, as its script says")

// Step reads the script anew each time, so that a PATCH of the issuer changes
// a running order. It keeps no state: asked again, it does the same again.
func (i Issuer) Step(ctx context.Context, o vault.Order) (vault.Progress, error) {
	if err := ctx.Err(); err != nil {
		return vault.Progress{}, err
	}
	s, err := scriptOf(o.Issuer)
	if err != nil { // put before scripts were checked, or while another stood behind the provider
		return vault.Progress{Failure: &vault.Failure{Code: vault.IssuerFault, Message: err.Message}}, nil
	}
	switch wait := o.Created.Add(s.delay).Sub(o.Now); {
	case s.hold:
		return vault.Progress{Again: patience(o)}, nil
	case wait > 0:
		return vault.Progress{Again: wait}, nil
	case o.Attempt < s.fail:
		return vault.Progress{}, &vault.RetryError{After: time.Second << min(o.Attempt, 12), Err: errUnreachable}
	case s.outcome != "":
		return vault.Progress{Failure: s.failure()}, nil
	}
	leaf, unfit := i.Authority.Issue(o.CSR, o.Policy.X509.ValidityMonths, o.Now)
	if unfit != nil {
		return vault.Progress{Failure: &vault.Failure{Code: vault.RequestRejected, Message: fmt.Sprintf("The certificate signing request is not acceptable: %v.", unfit)}}, nil
	}
	return vault.Progress{Chain: [][]byte{leaf, i.Authority.Certificate}}, nil
}

// ValidatePolicy refuses what the provider that is played is known to refuse.
func (i Issuer) ValidatePolicy(cfg vault.IssuerConfig, p vault.Policy) error {
	if strings.EqualFold(cfg.Provider, "DigiCert") && p.X509.SANs != nil && len(p.X509.SANs.Emails) > 0 {
		return vault.NoEmailsAtDigiCert()
	}
	return nil
}

// longest is how long a held order is left alone at most.
const longest = 30 * 24 * time.Hour

// patience is how long to leave a held order alone: half its age, from one
// second to thirty days, so that moving the clock by years stays cheap. A GET
// that finds the hold released does not wait for it (IssuesAtOnce).
func patience(o vault.Order) time.Duration {
	return min(max(o.Now.Sub(o.Created)/2, time.Second), longest)
}

// Cancel withdraws the order, unless the script loses it.
func (i Issuer) Cancel(_ context.Context, o vault.Order) (vault.Progress, error) {
	s, err := scriptOf(o.Issuer)
	return vault.Progress{Cancelled: err != nil || !s.loseCancel}, nil
}

// ValidateIssuer implements vault.Validator: a script with a typo is refused.
func (i Issuer) ValidateIssuer(c vault.IssuerConfig) error {
	if _, err := scriptOf(c); err != nil {
		return err
	}
	return nil
}

// Plays implements vault.Player.
func (i Issuer) Plays(provider string) string {
	why := "which the configuration does not name"
	if i.Configured {
		why = "as the configuration says"
	}
	return fmt.Sprintf("Provider %s is played by the scripted issuer, %s: no real authority is asked.", provider, why)
}

// IssuesAtOnce reports whether the script leaves nothing to wait for.
func (i Issuer) IssuesAtOnce(o vault.Order) bool {
	s, err := scriptOf(o.Issuer)
	return err != nil || !s.hold && !o.Now.Before(o.Created.Add(s.delay)) && s.fail == 0
}
