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
	w := i.walk(o)
	if w.state.Order != "" && w.state.Failure == nil {
		lost, err := w.abandon(ctx)
		if err != nil {
			return vault.Progress{}, err
		}
		if lost {
			w.note("the order cannot be cancelled any more: the certificate request was sent")
			return vault.Progress{State: o.State, Again: soon, Notes: w.notes}, nil
		}
	}
	if len(w.state.Proofs)+len(w.state.Litter) > 0 && !w.sweep(ctx) && o.Attempt < maxSweeps {
		return vault.Progress{}, fmt.Errorf("remove what was published for the proof: %s", w.notes[len(w.notes)-1])
	}
	return vault.Progress{Cancelled: true, Notes: w.notes}, nil
}

// abandon deactivates what the order still waits for. lost means that the
// request was sent already.
func (w *walk) abandon(ctx context.Context) (lost bool, err error) {
	placed := w.state.Order
	if err := w.signIn(ctx); err != nil {
		return false, err
	}
	if w.state.Order == "" {
		return false, nil // another account's, and that one is gone
	}
	hearing, heard := listen(ctx)
	order, err := w.client.GetOrder(hearing, w.account, acme.Order{Location: placed})
	if p, ok := problem(err); heard.gone() || ok && !passes(p) {
		w.note("the authority does not know order %s any more", placed)
		return false, nil
	}
	switch {
	case err != nil:
		return false, heard.trouble(err)
	case order.Status == acme.StatusProcessing || order.Status == acme.StatusValid:
		return true, nil
	case order.Status != acme.StatusPending:
		w.note("order %s is %s and is left to expire", placed, order.Status)
		return false, nil
	}
	for _, url := range order.Authorizations {
		if err := w.deactivate(ctx, url); err != nil {
			return false, err
		}
	}
	return false, nil
}

func (w *walk) deactivate(ctx context.Context, url string) error {
	ctx, heard := listen(ctx)
	a, err := w.client.GetAuthorization(ctx, w.account, url)
	if err == nil && a.Status != acme.StatusPending {
		return nil
	}
	if err == nil {
		_, err = w.client.DeactivateAuthorization(ctx, w.account, url)
	}
	if p, ok := problem(err); heard.gone() || ok && !passes(p) {
		return nil // it is no more
	}
	if err != nil {
		return heard.trouble(err)
	}
	w.note("the authorization of %s was deactivated", a.IdentifierValue())
	return nil
}
