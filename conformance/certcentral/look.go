package certcentral

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// found calls do with the order that the path names, the lock held.
func (s *Server) found(w http.ResponseWriter, id string, do func(*Order)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.order(id)
	if o == nil {
		refuse(w, http.StatusNotFound, "not_found|order", "The specified order was not found.")
		return
	}
	s.goOn(o)
	do(o)
}

// info shows one order: GET /order/certificate/{id}.
func (s *Server) info(w http.ResponseWriter, r *http.Request) {
	s.found(w, r.PathValue("id"), func(o *Order) { say(w, http.StatusOK, s.show(o)) })
}

func (s *Server) show(o *Order) object {
	c := o.current
	cert := object{"common_name": o.CommonName, "dns_names": o.DNSNames, "date_created": stamp(o.Created), "csr": c.csr, "signature_hash": "sha256",
		"server_platform": object{"id": -1, "name": "OTHER"}, "organization": object{"id": o.Organ}}
	if o.Status != "needs_approval" {
		cert["id"] = c.id
	}
	if c.leaf != nil {
		cert["thumbprint"], cert["serial_number"], cert["date_issued"] = thumbprint(c.leaf), serial(c.leaf), stamp(o.Changed)
		cert["valid_from"], cert["valid_till"] = c.leaf.NotBefore.Format(time.DateOnly), c.leaf.NotAfter.Format(time.DateOnly)
		cert["ca_cert"] = object{"id": "FAKE1", "name": s.ca.issuing.Subject.CommonName}
	}
	body := object{"id": o.ID, "certificate": cert, "status": o.Status, "is_renewal": o.RenewalOf != 0, "date_created": stamp(o.Created),
		"organization": object{"id": o.Organ, "name": s.organs[o.Organ]}, "container": object{"id": o.Container}, "requests": shownWishes(o),
		"product": object{"name_id": o.Product, "name": products[o.Product], "type": "ssl_certificate"}, "order_valid_till": o.ValidTill.Format(time.DateOnly),
		"payment_method": "balance", "has_reissues": o.Reissues > 0, "reissues_count": o.Reissues}
	if o.Alternative != "" {
		body["alternative_order_id"] = o.Alternative
	}
	return body
}

func shownWishes(o *Order) []object {
	list := []object{}
	for _, r := range o.requests {
		one := object{"id": r.id, "date": stamp(r.date), "type": r.kind, "status": r.status, "comments": r.comments}
		if r.processor != "" {
			one["processor_comment"] = r.processor
		}
		list = append(list, one)
	}
	return list
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05+00:00") }

// reissues lists the certificates reissued on an order.
func (s *Server) reissues(w http.ResponseWriter, r *http.Request) {
	s.found(w, r.PathValue("id"), func(o *Order) {
		list := []object{}
		for _, c := range o.certs[1:] {
			one := object{"id": c.id, "common_name": o.CommonName, "dns_names": o.DNSNames, "status": c.status, "date_created": stamp(c.created), "csr": c.csr}
			if c.leaf != nil {
				one["serial_number"], one["thumbprint"], one["valid_till"] = serial(c.leaf), thumbprint(c.leaf), c.leaf.NotAfter.Format(time.DateOnly)
			}
			list = append(list, one)
		}
		say(w, http.StatusOK, object{"certificates": list})
	})
}

// alternate lists the orders of one alternative_order_id.
func (s *Server) alternate(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.play.NoLookup {
		refuse(w, http.StatusNotFound, "not_found|route", "The route was not found.")
		return
	}
	list := []object{}
	for _, o := range s.orders {
		if o.Alternative == r.PathValue("alternative") && !s.now().Before(o.shown) {
			s.goOn(o)
			list = append(list, object{"order_id": o.ID, "certificate_id": o.current.id, "status": o.Status})
		}
	}
	say(w, http.StatusOK, object{"orders": list, "page": object{"total": len(list), "limit": 1000, "offset": 0}})
}

// changes lists the orders whose status changed in a span of time.
func (s *Server) changes(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	span := r.URL.Query().Get("filters[status_last_updated]")
	list := []object{}
	for _, o := range s.orders {
		s.goOn(o)
		if inSpan(span, o.Changed) {
			list = append(list, object{"order_id": o.ID, "certificate_id": o.current.id, "status": o.Status})
		}
	}
	say(w, http.StatusOK, object{"orders": list})
}

// download gives a certificate by its id.
func (s *Server) download(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, _ := s.certificate(r.PathValue("id")); c != nil {
		s.give(w, c, r.PathValue("format"))
		return
	}
	refuse(w, http.StatusNotFound, "not_found|certificate", "The specified certificate was not found.")
}

// downloadOrder gives the active certificate of an order.
func (s *Server) downloadOrder(w http.ResponseWriter, r *http.Request) {
	s.found(w, r.PathValue("order"), func(o *Order) { s.give(w, o.current, r.PathValue("format")) })
}

func (s *Server) give(w http.ResponseWriter, c *certificate, format string) {
	chain := []*x509.Certificate{c.leaf, s.ca.issuing, s.ca.root}
	switch {
	case c.leaf == nil:
		refuse(w, http.StatusBadRequest, "certificate_not_issued", "The certificate is not issued yet.")
		return
	case format == "pem_noroot":
		chain = chain[:2]
	case format != "pem_all":
		refuse(w, http.StatusBadRequest, "invalid_format", "This account gives pem_all and pem_noroot.")
		return
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	_, _ = w.Write([]byte(toPEM(chain...)))
}

// certificate finds one by its id or serial number. The caller holds the lock.
func (s *Server) certificate(id string) (*certificate, *Order) {
	for _, o := range s.orders {
		for _, c := range o.certs {
			if strconv.FormatInt(c.id, 10) == id || c.leaf != nil && strings.EqualFold(serial(c.leaf), strings.TrimLeft(id, "0")) {
				return c, o
			}
		}
	}
	return nil, nil
}

// list lists orders: GET /order/certificate, with the documented filters,
// sorting and paging. Comments are not shown, and nothing filters by them.
func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil || limit < 1 || limit > 1000 {
		limit = 1000
	}
	offset, _ := strconv.Atoi(q.Get("offset"))
	s.mu.Lock()
	defer s.mu.Unlock()
	var kept []*Order
	for _, o := range s.orders {
		s.goOn(o)
		if !s.now().Before(o.shown) && s.matches(o, q) {
			kept = append(kept, o)
		}
	}
	sortOrders(kept, q.Get("sort"))
	page := kept[min(max(offset, 0), len(kept)):]
	list := []object{}
	for _, o := range page[:min(limit, len(page))] {
		list = append(list, s.row(o))
	}
	say(w, http.StatusOK, object{"orders": list, "page": object{"total": len(kept), "limit": limit, "offset": offset}})
}

func (s *Server) row(o *Order) object {
	cert := object{"id": o.current.id, "common_name": o.CommonName, "dns_names": o.DNSNames, "signature_hash": "sha256"}
	if o.current.leaf != nil {
		cert["valid_till"] = o.current.leaf.NotAfter.Format(time.DateOnly)
	}
	return object{"id": o.ID, "certificate": cert, "status": o.Status, "is_renewed": false, "date_created": stamp(o.Created),
		"organization": object{"id": o.Organ, "name": s.organs[o.Organ]}, "container": object{"id": o.Container}, "validity_years": 1,
		"product": object{"name_id": o.Product, "name": products[o.Product], "type": "ssl_certificate"}, "product_name_id": o.Product,
		"has_duplicates": false, "has_reissues": o.Reissues > 0, "reissues_count": o.Reissues}
}

// sortOrders sorts by order_id, date_created, common_name or status; "-" before
// it turns the order round.
func sortOrders(list []*Order, by string) {
	name, down := strings.CutPrefix(by, "-")
	slices.SortStableFunc(list, func(a, b *Order) int {
		var c int
		switch name {
		case "common_name":
			c = strings.Compare(a.CommonName, b.CommonName)
		case "status":
			c = strings.Compare(a.Status, b.Status)
		case "date_created":
			c = a.Created.Compare(b.Created)
		default:
			c = int(a.ID - b.ID)
		}
		if down {
			return -c
		}
		return c
	})
}

// matches applies the filters of "List orders". One that is not known is
// passed over, as web services do.
func (s *Server) matches(o *Order, q map[string][]string) bool {
	for key, values := range q {
		name, ok := strings.CutPrefix(key, "filters[")
		if !ok {
			continue
		}
		name, _, _ = strings.Cut(name, "]")
		if !slices.ContainsFunc(values, func(v string) bool { return s.passes(o, name, v) }) {
			return false
		}
	}
	return true
}

func (s *Server) passes(o *Order, name, value string) bool {
	switch name {
	case "id":
		return like(fmt.Sprint(o.ID), value)
	case "certificate_id":
		return like(fmt.Sprint(o.current.id), value)
	case "status":
		return like(o.Status, value)
	case "organization_id":
		return like(fmt.Sprint(o.Organ), value)
	case "container_id":
		return like(fmt.Sprint(o.Container), value)
	case "product_name_id":
		return like(o.Product, value)
	case "common_name", "search":
		return like(o.CommonName, value)
	case "domain_name":
		return like(o.CommonName, value) || slices.ContainsFunc(o.DNSNames, func(n string) bool { return like(n, value) })
	case "serial_number":
		return o.current.leaf != nil && like(serial(o.current.leaf), value)
	case "date_created":
		return inSpan(value, o.Created)
	case "valid_till":
		return o.current.leaf != nil && inSpan(value, o.current.leaf.NotAfter)
	}
	return true
}

// like compares without case; "%" at an end of the value stands for any text.
func like(text, value string) bool {
	text, value = strings.ToLower(text), strings.ToLower(value)
	tail, front := strings.CutPrefix(value, "%")
	part, back := strings.CutSuffix(tail, "%")
	switch {
	case front && back:
		return strings.Contains(text, part)
	case front:
		return strings.HasSuffix(text, tail)
	case back:
		return strings.HasPrefix(text, part)
	}
	return text == value
}

// inSpan reads a day, ">day", "<day" or "day...day". Days are counted in
// Mountain time, as clients of the real service have found.
func inSpan(span string, at time.Time) bool {
	day := at.Add(-7 * time.Hour).Format("2006-01-02T15:04:05")
	from, to, ok := strings.Cut(strings.TrimPrefix(span, "="), "...")
	switch {
	case span == "":
		return true
	case ok:
		return day >= from && day[:min(len(day), len(to))] <= to
	case span[0] == '>':
		return day > span[1:]
	case span[0] == '<':
		return day < span[1:]
	}
	return strings.HasPrefix(day, from)
}
