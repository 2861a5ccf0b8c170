package digicert

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"certwright/internal/vault"
)

// begin settles what is to be ordered and looks whether it was ordered before,
// by a server whose data was lost since. It orders nothing.
func (s *step) begin(ctx context.Context) (vault.Progress, error) {
	if s.unfit != nil {
		return s.refuse(), nil
	}
	s.notes.Stage = stagePlacing
	how, err := s.plan(ctx)
	if err != nil {
		return s.before(err)
	}
	if s.notes.Reissue == 0 {
		id, err := search{s}.alternate(ctx)
		if err != nil {
			return s.before(err)
		}
		if id != 0 {
			return s.found(id), nil
		}
	}
	return s.wait(atOnce, "", how), nil
}

// before is what an error means as long as nothing was ordered: a no to a
// question ends the order, since the key or the account will not do.
func (s *step) before(err error) (vault.Progress, error) {
	if r, ok := refused(err); ok && r.Status == http.StatusUnauthorized {
		return fail(vault.IssuerFault, sentence("%v", r)), nil
	}
	return vault.Progress{}, err
}

// found goes on with an order that was placed before.
func (s *step) found(id int64) vault.Progress {
	s.notes.Stage, s.notes.Order, s.notes.Seen = stagePlaced, id, nil
	return s.wait(atOnce, "", fmt.Sprintf("Found the order that was placed before: %d.", id))
}

// place orders, once. Where an order may be under way already it is looked for,
// and only when it stayed unseen for Settings.Settle is it placed again. It may
// be under way where a claim says so, and where the order is not a new one:
// data restored from a backup do not know of a claim that came after it.
func (s *step) place(ctx context.Context) (vault.Progress, error) {
	c, err := claimStore{s}.claimed(ctx)
	if err != nil {
		return vault.Progress{}, err
	}
	if c.Times > 0 || s.order.Now.Sub(s.order.Created) > s.Settings.Settle {
		id, all, err := search{s}.find(ctx)
		if err != nil {
			return vault.Progress{}, err
		}
		if id != 0 {
			return s.found(id), nil
		}
		if !all {
			return s.wait(time.Second, s.searching(c)), nil
		}
		if left := c.At.Add(s.Settings.Settle).Sub(s.order.Now); left > 0 {
			return s.wait(min(left, searchEvery), s.searching(c)), nil
		}
	}
	if s.unfit != nil {
		return s.refuse(), nil
	}
	if err := (claimStore{s}).stake(ctx, c); err != nil {
		return vault.Progress{}, err
	}
	return s.send(ctx)
}

// refuse ends an order that cannot be placed as the policy and the issuer stand.
func (s *step) refuse() vault.Progress {
	text := s.unfit.Error()
	if e, ok := errors.AsType[*vault.Error](s.unfit); ok {
		text = e.Message
	}
	return fail(vault.RequestRejected, sentence("%s", text))
}

// searchEvery is how often a lost order is looked for.
const searchEvery = 30 * time.Second

func (s *step) searching(c claim) string {
	return fmt.Sprintf("CertCentral's answer to the order was lost. It is looked for among the orders until %s before it is placed again.",
		c.At.Add(s.Settings.Settle).Format(time.RFC3339))
}

// send places the order. A claim on it has just been written.
func (s *step) send(ctx context.Context) (vault.Progress, error) {
	var a placed
	path := "/order/certificate/" + s.want.product
	if s.notes.Reissue != 0 {
		path = "/order/certificate/" + strconv.FormatInt(s.notes.Reissue, 10) + "/reissue"
	}
	err := s.call(ctx, http.MethodPost, path, nil, s.body(), &a)
	if err == nil && a.ID == 0 {
		err = &lost{err: errors.New("CertCentral's answer to the order has no id")}
	}
	if r, ok := refused(err); ok {
		return s.refusedOrder(ctx, r)
	}
	if err != nil {
		if idle(err) {
			claimStore{s}.withdraw(context.WithoutCancel(ctx))
		}
		return vault.Progress{}, err
	}
	return s.taken(a), nil
}

// taken notes what the answer to an order says. A certificate that was issued
// at once is in it.
func (s *step) taken(a placed) vault.Progress {
	s.notes.Stage, s.notes.Order, s.notes.Seen = stagePlaced, int64(a.ID), nil
	s.notes.Certificate, s.notes.DCV = int64(a.Certificate), a.Random
	note := fmt.Sprintf("Placed order %d: %s.", a.ID, s.want.product)
	if s.notes.Reissue != 0 {
		note = fmt.Sprintf("Asked to reissue order %d.", s.notes.Reissue)
	}
	if chain := s.immediate(a); chain != nil {
		return vault.Progress{Chain: chain, Ref: encode(reference{Order: int64(a.ID), Certificate: int64(a.Certificate)}), Notes: []string{note, "It was issued at once."}}
	}
	notes := []string{note}
	if a.Random != "" {
		notes = append(notes, "The domains are proven by this random value: "+a.Random)
	}
	return s.wait(atOnce, s.pendingDetail("pending"), notes...)
}

// immediate returns the chain in the answer to an order; nil if it is not whole
// or of another key, so that it is downloaded instead.
func (s *step) immediate(a placed) [][]byte {
	var list [][]byte
	for _, c := range a.Chain {
		block, _ := pem.Decode([]byte(c.PEM))
		if block == nil || block.Type != "CERTIFICATE" {
			return nil
		}
		list = append(list, block.Bytes)
	}
	chain, whole := s.sort(list)
	if !whole || a.Certificate == 0 {
		return nil
	}
	return chain
}

// refusedOrder is CertCentral's no to an order: the user's fault, or the
// issuer's where the key, the account or the configuration will not do.
func (s *step) refusedOrder(ctx context.Context, r *refusal) (vault.Progress, error) {
	if id, err := s.usedCSR(ctx, r); err != nil || id != 0 {
		return s.found(id), err
	}
	claimStore{s}.withdraw(context.WithoutCancel(ctx))
	if s.notes.RenewalOf != 0 && r.Status == http.StatusBadRequest && strings.Contains(strings.ToLower(r.Code+r.Message), "renew") {
		note := fmt.Sprintf("Order %d cannot be renewed, so a new order is placed: %v.", s.notes.RenewalOf, r)
		s.notes.RenewalOf = 0
		return s.wait(atOnce, "", note), nil
	}
	if r.Status == http.StatusUnauthorized || r.Status == http.StatusForbidden || strings.HasPrefix(r.Code, "not_found|product") || strings.Contains(r.Code, "insufficient") {
		return fail(vault.IssuerFault, sentence("%v", r)), nil
	}
	return fail(vault.RequestRejected, sentence("%v", r)), nil
}

// usedCSR looks for our own order when CertCentral says that it knows the CSR.
func (s *step) usedCSR(ctx context.Context, r *refusal) (int64, error) {
	text := strings.ToLower(r.Code + " " + r.Message)
	if !strings.Contains(text, "csr") || !strings.Contains(text, "used") && !strings.Contains(text, "duplicate") {
		return 0, nil
	}
	id, all, err := search{s}.find(ctx)
	if err == nil && id == 0 && !all {
		err = errors.New("CertCentral knows the CSR; its order is being looked for")
	}
	return id, err
}

func order(id int64) string { return "/order/certificate/" + strconv.FormatInt(id, 10) }

// info asks for one order.
func (c caller) info(ctx context.Context, id int64) (orderInfo, error) {
	var o orderInfo
	err := c.call(ctx, http.MethodGet, order(id), nil, nil, &o)
	return o, err
}
