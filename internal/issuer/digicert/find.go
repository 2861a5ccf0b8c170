package digicert

import (
	"context"
	"encoding/pem"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"certwright/internal/clock"
)

// What a search through the order list may take.
const (
	pageSize = 100 // an entry is some 700 bytes, an answer at most 1 MiB
	maxPages = 10
	maxInfos = 20 // orders looked into in one step
)

// tagged is what the comments of all our orders begin with.
const tagged = "certwright "

// tag is what this order's comments begin with.
func (s *step) tag() string { return tagged + s.order.ID }

// A search is a step that looks for its order among those that CertCentral has.
type search struct{ *step }

// alternate looks for the order by its alternative_order_id, which is our
// request id: GET /order/alternate/{id} lists the orders of one such id
// (dev.digicert.com, "Get orders by alternative order ID"). 0: none is known.
func (s search) alternate(ctx context.Context) (int64, error) {
	var a alternates
	err := s.call(ctx, http.MethodGet, "/order/alternate/"+url.PathEscape(s.order.ID), nil, nil, &a)
	if r, ok := refused(err); ok && (r.Status == http.StatusNotFound || r.Status == http.StatusForbidden) {
		return 0, nil // not every key and account has this; the order list tells too
	}
	if err != nil || len(a.Orders) == 0 {
		return 0, err
	}
	return int64(a.Orders[0].Order), nil
}

// find looks for this order among those that CertCentral has. The order list
// has no filter for comments, and does not show them: its filters are id,
// status, organization_id, product_name_id, valid_till, user_id, common_name,
// domain_name, date_created, container_id and some more, and filters[search]
// looks into e-mail and common name alone (dev.digicert.com, "List orders"). So
// the recent orders of the common name are looked into one by one; those that
// are not ours are noted. all is false if there are more than one step may read.
func (s search) find(ctx context.Context) (id int64, all bool, err error) {
	if s.notes.Reissue != 0 {
		_, ok, err := s.findReissue(ctx)
		if err != nil || !ok {
			return 0, true, err
		}
		return s.notes.Reissue, true, nil
	}
	if id, err = s.alternate(ctx); err != nil || id != 0 {
		return id, true, err
	}
	left := maxInfos
	for page := range maxPages {
		list, err := s.recent(ctx, page)
		if err != nil {
			return 0, false, err
		}
		for _, o := range list.Orders {
			if slices.Contains(s.notes.Seen, int64(o.ID)) {
				continue
			}
			if left--; left < 0 {
				return 0, false, nil
			}
			info, err := s.info(ctx, int64(o.ID))
			if err != nil {
				return 0, false, err
			}
			if s.ours(info) {
				return int64(info.ID), true, nil
			}
			s.notes.Seen = append(s.notes.Seen, int64(o.ID))
		}
		if len(list.Orders) < pageSize {
			return 0, true, nil
		}
	}
	return 0, true, nil
}

// recent lists orders of the common name, the newest first. Days are counted in
// CertCentral's own time zone, so the search begins two days early; where the
// server's clock was moved ahead of CertCentral's, there is no such beginning.
func (s search) recent(ctx context.Context, page int) (orderList, error) {
	var list orderList
	q := url.Values{"filters[common_name]": {s.want.commonName}, "sort": {"-order_id"},
		"limit": {strconv.Itoa(pageSize)}, "offset": {strconv.Itoa(page * pageSize)}}
	if created := s.order.Created.UTC(); created.Before(clock.Real{}.Now()) {
		q.Set("filters[date_created]", ">"+created.Add(-48*time.Hour).Format(time.DateOnly))
	}
	err := s.call(ctx, http.MethodGet, "/order/certificate", q, nil, &list)
	return list, err
}

// ours reports whether an order is this one: by either of the places where the
// request id stands, or, where neither names another request, by its CSR.
func (s search) ours(o orderInfo) bool {
	comments := o.Comments
	for _, r := range o.Requests {
		comments += "\n" + r.Comments
	}
	switch {
	case o.Alternative == s.order.ID || strings.Contains(comments, s.tag()):
		return true
	case o.Alternative != "" || strings.Contains(comments, tagged):
		return false
	}
	return s.sameCSR(o.Certificate.CSR)
}

// sameCSR compares a CSR as CertCentral shows it: PEM with or without lines.
func (s *step) sameCSR(text string) bool {
	return text != "" && bare(text) == bare(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: s.order.CSR})))
}

// bare strips a PEM text of its frame and of all white space.
func bare(text string) string {
	for _, frame := range []string{"-----BEGIN CERTIFICATE REQUEST-----", "-----END CERTIFICATE REQUEST-----",
		"-----BEGIN NEW CERTIFICATE REQUEST-----", "-----END NEW CERTIFICATE REQUEST-----"} {
		text = strings.ReplaceAll(text, frame, "")
	}
	return strings.Join(strings.Fields(strings.ReplaceAll(text, `\n`, " ")), "")
}

// findReissue looks for our CSR among the certificates reissued on the order
// since; the newest counts, as a key that is reused may write the same CSR again.
func (s search) findReissue(ctx context.Context) (found reissued, ok bool, err error) {
	var list reissues
	if err := s.call(ctx, http.MethodGet, order(s.notes.Reissue)+"/reissue", nil, nil, &list); err != nil {
		return reissued{}, false, err
	}
	for _, c := range list.Certificates {
		since := c.ID == 0 || int64(c.ID) > s.notes.Since
		if since && s.sameCSR(c.CSR) && (!ok || c.ID > found.ID) {
			found, ok = c, true
		}
	}
	return found, ok, nil
}
