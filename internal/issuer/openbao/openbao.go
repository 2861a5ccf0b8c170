// Package openbao is the issuer behind `kind: vault`: it has certificate
// requests signed by the PKI secrets engine of an OpenBao or Vault server
// (docs/issuers/openbao.md). It signs in with a token or an AppRole, and waits for a
// server that is sealed or out of reach for as long as it takes. It may not
// speak to any other address than the one in its settings. Begin with Step.
package openbao

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"certwright/internal/clock"
	"certwright/internal/outbound"
	"certwright/internal/vault"
)

// Issuer has requests signed by one role of one server. Make it with New.
type Issuer struct {
	Settings Settings

	client   *outbound.Client
	host     string // as shown to people
	instance string // tells what this process announced from what another did
	now      func() time.Time
	tokens   tokens
}

// New returns the issuer of checked settings. It reads the files that they
// name, makes no call, and fails in plain words where a file will not do.
func New(s Settings) (*Issuer, error) {
	s = s.withDefaults()
	at, err := url.Parse(s.Address)
	if err != nil {
		return nil, fmt.Errorf("read address: %w", err)
	}
	if s.TokenFile != "" {
		if _, err := readToken(s.TokenFile); err != nil {
			return nil, err
		}
	}
	client, err := outbound.New(s.CABundle)
	if err != nil {
		return nil, err
	}
	return &Issuer{Settings: s, client: client, host: at.Host, instance: vault.NewID(), now: clock.Real{}.Now,
		tokens: tokens{held: map[string]held{}}}, nil
}

// soon is when to sign after the intent to was saved.
const soon = time.Millisecond

// afterLoss is when to ask again after an answer was lost.
const afterLoss = 5 * time.Second

// Step asks first whether the server is ready and signs in, so that what is
// saved next is the intent to have the request signed; then it has it signed.
// The server takes no idempotency key: an answer that was lost may leave a
// certificate there that nobody received. It does no harm, and the history
// tells of it.
func (i *Issuer) Step(ctx context.Context, o vault.Order) (vault.Progress, error) {
	role, err := i.role(o.Issuer)
	if err != nil {
		return fault(err.Error()), nil
	}
	n, err := readNotebook(o.State)
	if err != nil {
		return vault.Progress{}, err
	}
	if n.By == "" {
		return i.announce(ctx, o, role)
	}
	return i.sign(ctx, o, role, n)
}

// announce makes sure of the server and returns the intent to sign.
func (i *Issuer) announce(ctx context.Context, o vault.Order, role string) (vault.Progress, error) {
	who := accountOf(o.Issuer, o.Password)
	version, err := i.ready(ctx, who)
	if err != nil {
		return vault.Progress{}, err
	}
	if _, _, err := i.token(ctx, who); err != nil {
		return ended(err)
	}
	note := fmt.Sprintf("The server at %s is ready (version %s). Next it is asked to sign with the role %s of %s.", i.host, cmp.Or(version, "unknown"), role, i.Settings.Mount)
	return vault.Progress{State: notebook{By: i.instance}.write(), Again: soon, Notes: []string{note}}, nil
}

func (i *Issuer) sign(ctx context.Context, o vault.Order, role string, n notebook) (vault.Progress, error) {
	ask, err := i.request(o)
	if err != nil {
		return vault.Progress{Failure: &vault.Failure{Code: vault.RequestRejected, Message: "The certificate signing request cannot be read."}}, nil
	}
	r, err := i.authorized(ctx, accountOf(o.Issuer, o.Password), i.Settings.Mount+"/sign/"+role, ask)
	switch {
	case isLost(err) && !n.Lost:
		n.Lost = true
		return vault.Progress{State: n.write(), Again: afterLoss, Detail: err.Error() + ".",
			Notes: []string{fmt.Sprintf("The server at %s was asked to sign and its answer was lost: %v. It may have signed.", i.host, err)}}, nil
	case err != nil:
		return ended(err)
	}
	chain, err := readChain(r.Data)
	if err != nil {
		return fault(fmt.Sprintf("The server at %s said it signed, but %v.", i.host, err)), nil
	}
	notes := []string{fmt.Sprintf("The server at %s signed the certificate with serial number %s.", i.host, serial(chain[0]))}
	notes = append(notes, warnings(r)...)
	if doubt := n.doubt(i); doubt != "" {
		notes = append(notes, doubt)
	}
	return vault.Progress{Chain: chain, Ref: reference{Serial: serial(chain[0])}.write(), Notes: notes}, nil
}

// Cancel withdraws an order that was not signed yet: nothing of it waits at the
// server.
func (i *Issuer) Cancel(_ context.Context, o vault.Order) (vault.Progress, error) {
	n, err := readNotebook(o.State)
	if err != nil {
		return vault.Progress{}, err
	}
	p := vault.Progress{Cancelled: true}
	if doubt := n.doubt(i); doubt != "" {
		p.Notes = []string{doubt}
	}
	return p, nil
}

// ended turns what the server refused into a failure, and leaves an error that
// may pass as it is.
func ended(err error) (vault.Progress, error) {
	r, ok := asRefusal(err)
	switch {
	case !ok:
		return vault.Progress{}, err
	case r.isOfRequest():
		return vault.Progress{Failure: &vault.Failure{Code: vault.RequestRejected, Message: r.words}}, nil
	}
	return fault(r.Error()), nil
}

func fault(message string) vault.Progress {
	return vault.Progress{Failure: &vault.Failure{Code: vault.IssuerFault, Message: message}}
}

// role is the one that an issuer resource asks for in org_details.id, or the
// configured one.
func (i *Issuer) role(cfg vault.IssuerConfig) (string, error) {
	if cfg.Organization == nil || cfg.Organization.ID == "" {
		return i.Settings.Role, nil
	}
	if role := cfg.Organization.ID; i.Settings.allows(role) {
		return role, nil
	}
	return "", fmt.Errorf("org_details.id: the role %q is not one that this provider offers (%s)", cfg.Organization.ID,
		strings.Join(i.Settings.offered(), ", "))
}

// Share has what the server asks of an account hold for all servers that share
// rows. Call it before the first order.
func (i *Issuer) Share(name string, rows vault.Accounts) { i.client.Share(name, rows) }

// Follow lets the time at which the authority wants to be asked again follow a
// clock; it is real time else.
func (i *Issuer) Follow(c vault.Clock) { i.client.Clock = c }
