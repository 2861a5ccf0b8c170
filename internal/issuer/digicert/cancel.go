package digicert

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"certwright/internal/vault"
)

// Cancel implements vault.Canceler. An order that may be under way is looked
// for first; it is lost to cancelling once it is issued.
func (i *Issuer) Cancel(ctx context.Context, o vault.Order) (vault.Progress, error) {
	s, err := i.open(o)
	switch {
	case err != nil:
		return vault.Progress{}, err
	case s.notes.Stage == "":
		return vault.Progress{Cancelled: true, Notes: []string{"Nothing was ordered."}}, nil
	case s.key == "":
		return vault.Progress{}, errNoKey
	}
	c := cancellation{s}
	if s.notes.Order == 0 {
		if p, err := c.unplace(ctx); err != nil || p.Cancelled {
			return p, err
		}
	}
	return c.cancel(ctx)
}

// A cancellation is a step that takes its order back.
type cancellation struct{ *step }

// unplace finds the number of an order whose answer was lost. Cancelled: there
// is no such order, and there will be none.
func (s cancellation) unplace(ctx context.Context) (vault.Progress, error) {
	c, err := claimStore{s.step}.claimed(ctx)
	if err != nil || c.Times == 0 {
		return vault.Progress{Cancelled: err == nil, Notes: []string{"Nothing was ordered."}}, err
	}
	id, all, err := search{s.step}.find(ctx)
	if err != nil {
		return vault.Progress{}, err
	}
	left := c.At.Add(s.Settings.Settle).Sub(s.order.Now)
	switch {
	case id != 0:
		s.notes.Order = id
		return vault.Progress{}, nil
	case !all || left > 0:
		return vault.Progress{}, &vault.RetryError{After: min(max(left, time.Second), searchEvery), Err: errors.New(s.searching(c))}
	}
	return vault.Progress{Cancelled: true, Notes: []string{"The order never arrived."}}, nil
}

// cancel withdraws an order that has a number (docs/issuers/digicert.md: only while
// it is pending; of a reissue only the reissue goes).
func (s cancellation) cancel(ctx context.Context) (vault.Progress, error) {
	info, err := s.info(ctx, s.notes.Order)
	if r, ok := refused(err); ok && r.Status == http.StatusNotFound {
		return vault.Progress{Cancelled: true, Notes: []string{sentence("%v", r)}}, nil
	}
	if err != nil {
		return vault.Progress{}, err
	}
	switch info.Status {
	case "canceled", "rejected", "denied":
		return vault.Progress{Cancelled: true, Notes: []string{fmt.Sprintf("Order %d is %s.", info.ID, info.Status)}}, nil
	case "issued", "approved", "revoked", "expired":
		return s.tooLate(info), nil
	case "needs_approval":
		return s.disapprove(ctx, info)
	}
	return s.withdrawOrder(ctx, info)
}

func (s cancellation) tooLate(info orderInfo) vault.Progress {
	return vault.Progress{State: s.notes.bytes(), Notes: []string{fmt.Sprintf("Order %d is %s and cannot be canceled any more.", info.ID, info.Status)}}
}

const cancelNote = "The request was cancelled in Certwright."

type statusChange struct {
	Status    string `json:"status"`
	Note      string `json:"note,omitempty"`
	Processor string `json:"processor_comment,omitempty"`
}

// withdrawOrder sends the cancellation; where the lower-case word of today's
// documentation is refused, the upper-case one of older pages is tried.
func (s cancellation) withdrawOrder(ctx context.Context, info orderInfo) (vault.Progress, error) {
	var err error
	for _, word := range []string{"canceled", "CANCELED"} {
		err = s.call(ctx, http.MethodPut, order(int64(info.ID))+"/status", nil, statusChange{Status: word, Note: cancelNote}, nil)
		if err == nil {
			return vault.Progress{Cancelled: true, Notes: []string{fmt.Sprintf("Order %d was canceled.", info.ID)}}, nil
		}
		if r, ok := refused(err); !ok || r.Status != http.StatusBadRequest {
			break
		}
	}
	if r, ok := refused(err); ok && r.Status == http.StatusBadRequest { // issued meanwhile?
		if now, again := s.info(ctx, int64(info.ID)); again == nil && now.Status == "issued" {
			return s.tooLate(now), nil
		}
	}
	return vault.Progress{}, err
}

// disapprove rejects the request that waits for approval.
func (s cancellation) disapprove(ctx context.Context, info orderInfo) (vault.Progress, error) {
	for _, r := range info.Requests {
		if r.Status != "pending" {
			continue
		}
		err := s.call(ctx, http.MethodPut, "/request/"+strconv.FormatInt(int64(r.ID), 10)+"/status", nil, statusChange{Status: "rejected", Processor: cancelNote}, nil)
		if err != nil {
			return vault.Progress{}, err
		}
		return vault.Progress{Cancelled: true, Notes: []string{fmt.Sprintf("Request %d on order %d was rejected.", r.ID, info.ID)}}, nil
	}
	return s.withdrawOrder(ctx, info)
}
