// Package ca is the own certificate authority: a root, an issuing CA below it,
// profiles that say what may be asked for, lists of revoked certificates. It
// makes or imports its authorities, keeps their keys in sealed rows, and signs
// by profile what a request asks for. It has no network and no disk of its own,
// and signs no other authority but its own. Begin with Step; rules.go holds a
// request against a profile, rollover.go makes authorities, revoke.go and
// file.go tell the world (docs/issuers/ca.md).
package ca

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"certwright/internal/account"
	"certwright/internal/vault"
)

// Issuer is the own authority behind one provider name.
type Issuer struct {
	Name     string // of the provider, as configured
	Settings Settings
	Accounts vault.Accounts
	Clock    vault.Clock // for what no order brings a time to: lists, rollovers
	Announce Announcer   // told of a new root before it signs; nil: nobody is

	*memory
}

// memory is what one process has at hand.
type memory struct {
	imported  []*x509.Certificate // the issuing CA of the settings' files, and who stands above
	all       account.Kept[members]
	lists     keptLists
	making    sync.Mutex // one new authority at a time
	published publishedFiles
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// New returns the issuer ready for orders. Without an import it reads nothing:
// root and issuing CA are made at the first order. An imported issuing CA is
// read from its files, and its key copied to a sealed row.
func New(ctx context.Context, i Issuer) (*Issuer, error) {
	if !plainName.MatchString(i.Name) {
		return nil, fmt.Errorf("%q must be made of letters, digits, '-', '.' and '_' to be the name of an authority", i.Name)
	}
	if err := errors.Join(i.Settings.Check()...); err != nil {
		return nil, err
	}
	i.memory = &memory{}
	if !i.Settings.imports() {
		return &i, nil
	}
	if err := i.adopt(ctx); err != nil {
		return nil, err
	}
	return &i, nil
}

// reference is Progress.Ref: which authority made the certificate.
type reference struct {
	Authority string `json:"authority"`
	Serial    string `json:"serial"` // hex
}

// Step issues, or waits for an operator where the settings say so. It keeps no
// state: asked again it judges, and signs, anew; a certificate whose order was
// not saved is known to nobody.
func (i *Issuer) Step(ctx context.Context, o vault.Order) (vault.Progress, error) {
	if err := ctx.Err(); err != nil {
		return vault.Progress{}, err
	}
	name, p, known := i.profileOf(o.Issuer)
	if !known {
		return fault("The issuer's profile '%s' is not one of provider %s any more.", vault.Clip(name, 100), i.Name), nil
	}
	w, err := requestOfCSR(o.CSR)
	if err == nil {
		err = p.allows(name, i.limits(), w)
	}
	if err != nil {
		return rejected("The request was not accepted: %v.", err), nil
	}
	switch {
	case o.Approval != nil && !o.Approval.Approved:
		return refused(o.Approval.Message), nil
	case o.Approval == nil && i.Settings.ManualApproval:
		return vault.Progress{WantsApproval: true, Again: nextLook(o), Detail: waiting + w.plainly()}, nil
	}
	a, made, err := i.current(ctx, o.Now)
	if l := (lacking{}); errors.As(err, &l) {
		return fault("%s", l.text), nil
	}
	if err != nil {
		return vault.Progress{}, err
	}
	progress, err := i.issue(a, p, w, o)
	progress.Notes = append(made, progress.Notes...)
	return progress, err
}

// issue signs what is allowed.
func (i *Issuer) issue(a member, p Profile, w request, o vault.Order) (vault.Progress, error) {
	leaf, der, err := i.leaf(a, p, w, o.Policy.X509.ValidityMonths, o.Now)
	if err != nil {
		return fault("The certificate could not be made: %v.", err), nil // nor would it be the next time
	}
	serial := fmt.Sprintf("%x", leaf.Serial)
	ref, err := json.Marshal(reference{a.name, serial})
	if err != nil {
		return vault.Progress{}, fmt.Errorf("write the reference: %w", err)
	}
	notes := []string{fmt.Sprintf("Signed by %s, serial number %s.", a.Certificate.Subject, serial)}
	name, _, _ := i.profileOf(o.Issuer)
	if s := p.shortened(leaf, a, name, o); s != "" {
		notes = append(notes, s)
	}
	if len(w.added) > 0 {
		notes = append(notes, "Added the subject's common name to the alternative names: "+strings.Join(w.added, ", ")+".")
	}
	return vault.Progress{Chain: append([][]byte{der}, a.chain()...), Ref: ref, Notes: notes}, nil
}

// profileOf picks the profile by the issuer's organization id.
func (i *Issuer) profileOf(cfg vault.IssuerConfig) (name string, p Profile, known bool) {
	if cfg.Organization != nil {
		name = cfg.Organization.ID
	}
	p, known = i.Settings.profile(name)
	if name == "" {
		name = i.Settings.usual()
	}
	return name, p, known
}

// limits are the name constraints of whoever signs, and of those above.
func (i *Issuer) limits() (all []constraints) {
	if len(i.imported) == 0 {
		return []constraints{i.Settings.constraints()}
	}
	for _, c := range i.imported {
		all = append(all, constraintsOf(c))
	}
	return all
}

func rejected(format string, args ...any) vault.Progress {
	return vault.Progress{Failure: &vault.Failure{Code: vault.RequestRejected, Message: fmt.Sprintf(format, args...)}}
}

func fault(format string, args ...any) vault.Progress {
	return vault.Progress{Failure: &vault.Failure{Code: vault.IssuerFault, Message: fmt.Sprintf(format, args...)}}
}

// waiting is shown of an order that no operator has approved, with what it asks for.
const waiting = vault.PendingCreated + "The request waits for the approval of an operator."

// mostShown is how much of what is asked for an operator is shown, in bytes.
const mostShown = 350

// plainly says what is asked for, so that nobody approves what they do not see.
func (w request) plainly() string {
	text := " It asks for " + vault.Clip(strings.Join(w.all(), "; "), mostShown)
	return strings.TrimSuffix(text, ".") + "."
}

// refused is an operator's no.
func refused(why string) vault.Progress {
	if why == "" {
		return rejected("An operator rejected the request.")
	}
	return rejected("An operator rejected the request: %s", why)
}

// nextLook is how long to leave an order alone that waits: half its age, from a
// minute to thirty days, so that moving the clock by years stays cheap. An
// approval makes it due at once.
func nextLook(o vault.Order) time.Duration {
	return min(max(o.Now.Sub(o.Created)/2, time.Minute), 30*24*time.Hour)
}

// Cancel withdraws an order. Nothing was handed out before its last step, so it
// always succeeds.
func (i *Issuer) Cancel(context.Context, vault.Order) (vault.Progress, error) {
	return vault.Progress{Cancelled: true}, nil
}

// IssuesAtOnce reports whether there is nothing to wait for: no operator.
func (i *Issuer) IssuesAtOnce(o vault.Order) bool {
	return !i.Settings.ManualApproval || o.Approval != nil
}

// PendingLimit is pending_timeout.
func (i *Issuer) PendingLimit() time.Duration { return i.Settings.PendingTimeout }

// ValidateIssuer refuses an issuer resource that names no profile of ours.
func (i *Issuer) ValidateIssuer(cfg vault.IssuerConfig) error {
	name, _, known := i.profileOf(cfg)
	switch {
	case known:
		return nil
	case name == "":
		return vault.Bad("org_details.id must name a profile of provider %s: %s.", i.Name, listed(i.Settings.profileNames()))
	}
	return vault.Bad("org_details.id '%s' is not a profile of provider %s; there are: %s.", vault.Clip(name, 100), i.Name, listed(i.Settings.profileNames()))
}

// ValidatePolicy refuses what the profile does not allow.
func (i *Issuer) ValidatePolicy(cfg vault.IssuerConfig, policy vault.Policy) error {
	if err := i.ValidateIssuer(cfg); err != nil {
		return vault.SetupFault(err)
	}
	name, p, _ := i.profileOf(cfg)
	w, err := requestOfPolicy(policy)
	if err == nil {
		err = p.allows(name, i.limits(), w)
	}
	if refusal := (*vault.Error)(nil); errors.As(err, &refusal) {
		return refusal
	}
	if err != nil {
		return vault.Bad("%s.", err.Error())
	}
	return nil
}
