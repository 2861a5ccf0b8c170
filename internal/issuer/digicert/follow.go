package digicert

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"certwright/internal/vault"
)

// most404 is how often an order may be missing, or a download not whole: what
// was just made may not be there yet.
const most404 = 3

// follow looks how the order stands and collects the certificate when it is
// there. The order is paid, so nothing but CertCentral's word on it ends it: a
// key that is refused is waited for.
func (s *step) follow(ctx context.Context) (vault.Progress, error) {
	if s.notes.Polls == 0 {
		claimStore{s}.withdraw(ctx) // the number is saved, so the claim has done its work
	}
	info, err := s.info(ctx, s.notes.Order)
	if r, ok := refused(err); ok && r.Status == http.StatusNotFound {
		return s.missing(fmt.Sprintf("CertCentral does not know order %d", s.notes.Order), r), nil
	}
	if err != nil {
		return vault.Progress{}, err
	}
	switch info.Status {
	case "issued", "approved", "waiting_pickup":
		return s.collect(ctx, info)
	case "rejected", "denied":
		return s.rejected(info), nil
	case "canceled":
		if s.order.CancelRequested {
			return vault.Progress{Cancelled: true, Notes: []string{fmt.Sprintf("Order %d was canceled at the CA.", info.ID)}}, nil
		}
		return fail(vault.RequestRejected, sentence("Order %d was canceled at the CA. %s", info.ID, processorComment(info, ""))), nil
	case "revoked", "expired":
		return fail(vault.IssuerFault, fmt.Sprintf("Order %d is %s at the CA.", info.ID, info.Status)), nil
	}
	return s.later(s.pendingDetail(info.Status)), nil
}

// later looks again after the next rung of the ladder.
func (s *step) later(detail string, notes ...string) vault.Progress {
	again := s.notes.ladder()
	s.notes.Polls++
	return s.wait(again, detail, notes...)
}

// missing waits a few times for what is not there, then gives up.
func (s *step) missing(what string, r *refusal) vault.Progress {
	s.notes.Misses++
	if s.notes.Misses >= most404 {
		return fail(vault.IssuerFault, sentence("%s: %v", what, r))
	}
	return s.later(sentence("%s yet", what))
}

func (s *step) rejected(info orderInfo) vault.Progress {
	said := processorComment(info, "rejected")
	if said == "" {
		said = "CertCentral gives no reason"
	}
	return fail(vault.RequestRejected, sentence("Order %d was rejected: %s", info.ID, said))
}

// processorComment returns the last word on the order's requests, of those of a
// status if there is one.
func processorComment(info orderInfo, status string) (said string) {
	for _, r := range info.Requests {
		if text := strings.TrimSpace(r.Processor); text != "" && (said == "" || r.Status == status) {
			said = text
		}
	}
	return said
}

// pendingDetail says in plain words what the order waits for.
func (s *step) pendingDetail(status string) string {
	switch status {
	case "needs_approval":
		return fmt.Sprintf("Order %d waits for approval in CertCentral.", s.notes.Order)
	case "needs_csr":
		return fmt.Sprintf("Order %d waits in CertCentral for a CSR; it cannot go on by itself.", s.notes.Order)
	case "issued", "approved", "waiting_pickup":
		return fmt.Sprintf("DigiCert has issued order %d; the certificate is not ready for download yet.", s.notes.Order)
	}
	detail := fmt.Sprintf("DigiCert has not finished order %d (%s): it validates the organization and the domains.", s.notes.Order, status)
	if s.notes.DCV == "" {
		return detail
	}
	method := s.Settings.DCVMethod
	if method == "" {
		method = "the method set in CertCentral"
	}
	return detail + fmt.Sprintf(" Prove the domains by %s with the random value %s.", method, s.notes.DCV)
}

// sinceIssued is how soon a certificate that is issued but not there is looked for again.
const sinceIssued = 15 * time.Second
