package acme

import (
	"context"
	"fmt"

	"github.com/mholt/acmez/v3/acme"

	"certwright/internal/vault"
)

// Cancel implements vault.Canceler. ACME cannot cancel an order (docs/issuers/acme.md);
// an order whose pending authorizations are deactivated becomes invalid, and one
// that is ready is never finalized. Once the request was sent the order goes on.
func (i *Issuer) Cancel(ctx context.Context, o vault.Order) (vault.Progress, error) {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	s := i.step(o)
	if s.state.Order != "" && s.state.Failure == nil {
		lost, err := s.abandon(ctx)
		if err != nil {
			return vault.Progress{}, err
		}
		if lost {
			s.note("the order cannot be cancelled any more: the certificate request was sent")
			return vault.Progress{State: o.State, Again: soon, Notes: s.notes}, nil
		}
	}
	if len(s.state.Proofs)+len(s.state.Litter) > 0 && !s.sweep(ctx) && o.Attempt < maxSweeps {
		return vault.Progress{}, fmt.Errorf("remove what was published for the proof: %s", s.notes[len(s.notes)-1])
	}
	return vault.Progress{Cancelled: true, Notes: s.notes}, nil
}

// abandon deactivates what the order still waits for. lost means that the
// request was sent already.
func (s *step) abandon(ctx context.Context) (lost bool, err error) {
	placed := s.state.Order
	if err := s.signIn(ctx); err != nil {
		return false, err
	}
	if s.state.Order == "" {
		return false, nil // another account's, and that one is gone
	}
	hearing, heard := listen(ctx)
	order, err := s.client.GetOrder(hearing, s.account, acme.Order{Location: placed})
	if p, ok := problem(err); heard.gone() || ok && !passes(p) {
		s.note("the authority does not know order %s any more", placed)
		return false, nil
	}
	switch {
	case err != nil:
		return false, heard.trouble(err)
	case order.Status == acme.StatusProcessing || order.Status == acme.StatusValid:
		return true, nil
	case order.Status != acme.StatusPending:
		s.note("order %s is %s and is left to expire", placed, order.Status)
		return false, nil
	}
	for _, url := range order.Authorizations {
		if err := s.deactivate(ctx, url); err != nil {
			return false, err
		}
	}
	return false, nil
}

func (s *step) deactivate(ctx context.Context, url string) error {
	ctx, heard := listen(ctx)
	a, err := s.client.GetAuthorization(ctx, s.account, url)
	if err == nil && a.Status != acme.StatusPending {
		return nil
	}
	if err == nil {
		_, err = s.client.DeactivateAuthorization(ctx, s.account, url)
	}
	if p, ok := problem(err); heard.gone() || ok && !passes(p) {
		return nil // it is no more
	}
	if err != nil {
		return heard.trouble(err)
	}
	s.note("the authorization of %s was deactivated", a.IdentifierValue())
	return nil
}
