package acme

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// place places the order. Whoever crashes before the answer is saved places
// another; the first one is never finalized and expires (docs/issuers/acme.md).
func (s *step) place(ctx context.Context) (vault.Progress, error) {
	ids, err := requested(s.order.CSR)
	if err != nil {
		return s.fail(ctx, vault.Failure{Code: vault.RequestRejected, Message: reason(err)})
	}
	if p := s.Settings.Profile; p != "" && !slices.Contains(s.directory.profiles(), p) {
		return s.noProfile(ctx)
	}
	if err := s.held(ctx, ids); err != nil {
		return vault.Progress{}, err
	}
	ctx, heard := listen(ctx)
	ask := acme.Order{Identifiers: slices.Clone(ids), // the answer is written into it
		Profile: s.Settings.Profile, Replaces: s.replaces()}
	order, err := s.client.NewOrder(ctx, s.account, ask)
	p, refused := problem(err)
	switch {
	case refused && p.Type == acme.ProblemTypeAccountDoesNotExist:
		return s.lostAccount(ctx, p)
	case isLimit(err, heard):
		return vault.Progress{}, s.limited(ctx, ids, heard, err)
	case refused && ask.Replaces != "" && s.noRenewal(p):
		s.note("the authority did not take the order as a renewal: %s", words(p))
		s.state.NoReplaces = true
		return s.wait(soon, "The order is placed as a new one, since the authority did not take it as a renewal."), nil
	case refused && p.Type == acme.ProblemTypeUnauthorized:
		return s.fail(ctx, vault.Failure{Code: vault.IssuerFault, Message: "The authority refused the account's order: " + words(p) + again(s.order.Issuer)})
	case refused && !passes(p):
		return s.fail(ctx, vault.Failure{Code: blame(p), Message: "The authority refused the order for " + values(ids) + ": " + words(p)})
	case err != nil:
		return vault.Progress{}, heard.trouble(err)
	case order.Location == "":
		return vault.Progress{}, errors.New("the authority took an order and did not say where it is")
	}
	s.state.Account, s.state.Order = s.account.Location, order.Location
	as := ""
	if ask.Replaces != "" {
		as = ", as a renewal"
	}
	s.note("order %s was placed for %s%s; it is %s", order.Location, values(ids), as, order.Status)
	return s.wait(soon, "The order was placed at the authority."), nil
}

// again says how an account that was deactivated is replaced.
func again(c vault.IssuerConfig) string {
	return fmt.Sprintf(". If the account was deactivated there, certwright register --vault %s %s makes a new one.", c.Vault, c.Name)
}

// noProfile ends an order for a profile that is not on offer, as far as was
// read a moment ago.
func (s *step) noProfile(ctx context.Context) (vault.Progress, error) {
	if now := (clock.Real{}).Now(); now.Sub(s.directory.read) > time.Minute {
		s.memory.forget()
		return s.wait(soon, "The profiles of the authority are read again."), nil
	}
	offered := s.directory.profiles()
	slices.Sort(offered)
	if len(offered) == 0 {
		offered = []string{"none at all"}
	}
	return s.fail(ctx, vault.Failure{Code: vault.IssuerFault,
		Message: fmt.Sprintf("The authority offers no profile %q, only: %s.", s.Settings.Profile, strings.Join(offered, ", "))})
}

// noRenewal reports whether a problem may be due to the certificate that the
// order is said to replace. Pebble answers serverInternal for one that it does
// not know.
func (s *step) noRenewal(p acme.Problem) bool {
	switch p.Type {
	case acme.ProblemTypeAlreadyReplaced, acme.ProblemTypeMalformed, acme.ProblemTypeUnauthorized:
		return true
	case acme.ProblemTypeServerInternal:
		return s.order.Attempt > 1
	}
	return p.Status == http.StatusConflict || p.Status == http.StatusNotFound
}

// reason is the text of a refusal for people.
func reason(err error) string {
	var refusal *vault.Error
	if errors.As(err, &refusal) {
		return refusal.Message
	}
	return "The certificate signing request is not acceptable: " + err.Error() + "."
}

// replaces is the id of the certificate that the order renews, where the
// authority knows renewal information (RFC 9773 section 5).
func (s *step) replaces() string {
	previous := readReference(s.order.Previous)
	if s.Settings.ARI == Off || s.state.NoReplaces || s.directory.RenewalInfo == "" || previous.Directory != s.Settings.Directory {
		return ""
	}
	return previous.ARI
}

// finalize sends the request. The library's errors of an order that is not
// finished are none here: the next look tells where it stands.
func (s *step) finalize(ctx context.Context, order acme.Order) (vault.Progress, error) {
	for _, p := range s.state.Proofs {
		if !p.Valid {
			s.note("the authority has validated %s", p.Name)
		}
	}
	s.done(ctx)
	ctx, heard := listen(ctx)
	order, err := s.client.FinalizeOrder(ctx, s.account, order, s.order.CSR)
	if p, ok := problem(err); ok && !passes(p) && order.Status != acme.StatusInvalid {
		return s.fail(ctx, vault.Failure{Code: blame(p), Message: "The authority refused the certificate request: " + words(p) + s.reused(p)})
	} else if ok && order.Status != acme.StatusInvalid {
		return vault.Progress{}, heard.trouble(err)
	}
	switch order.Status {
	case acme.StatusValid, acme.StatusInvalid:
		s.note("the certificate request was sent; the order is %s", order.Status)
		return s.wait(soon, "The authority has made the certificate."), nil
	case acme.StatusProcessing:
		s.note("the certificate request was sent; the order is processing")
		return s.poll(heard, "The authority is making the certificate."), nil
	}
	if err == nil {
		err = fmt.Errorf("the order is %q after the certificate request was sent", order.Status)
	}
	return vault.Progress{}, heard.trouble(err)
}

// reused says that a request may be refused for its key, which the authority has
// seen before.
func (s *step) reused(p acme.Problem) string {
	switch p.Type {
	case acme.ProblemTypeBadCSR, acme.ProblemTypeBadPublicKey:
		if s.order.Policy.Key.Reuse && s.order.Previous != nil {
			return ". The policy uses its key again (key_props.reuse_key), and some authorities take a key once; turn that off and try again."
		}
	}
	return ""
}

// invalidated begins the sentence on names whose proof failed.
const invalidated = "The authority could not validate "

// invalid ends an order that the authority gave up, with the reasons that it
// left at the single names.
func (s *step) invalid(ctx context.Context, order acme.Order) (vault.Progress, error) {
	code, said := vault.RequestRejected, []string{}
	for _, url := range order.Authorizations[:min(len(order.Authorizations), batch)] {
		ctx, heard := listen(ctx)
		a, err := s.client.GetAuthorization(ctx, s.account, url)
		if _, ok := problem(err); err != nil && !ok && !heard.gone() {
			return vault.Progress{}, heard.trouble(err)
		}
		if p, ok := failed(a); ok {
			said = append(said, a.IdentifierValue()+": "+words(p))
			code = blame(p)
		}
	}
	switch {
	case len(said) > 0:
		return s.fail(ctx, vault.Failure{Code: code, Message: invalidated + strings.Join(said, "; ")})
	case order.Error != nil:
		return s.fail(ctx, vault.Failure{Code: blame(*order.Error), Message: "The authority gave the order for " + values(order.Identifiers) + " up: " + words(*order.Error)})
	}
	return s.restart(ctx, fmt.Sprintf("order %s became invalid and the authority gives no reason", s.state.Order))
}
