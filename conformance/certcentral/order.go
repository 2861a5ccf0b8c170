package certcentral

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An Order is one order of the account. Each was paid for.
type Order struct {
	ID          int64     `json:"id"`
	Product     string    `json:"product"`
	Status      string    `json:"status"`
	CommonName  string    `json:"common_name"`
	DNSNames    []string  `json:"dns_names"`
	Comments    string    `json:"comments"`
	Alternative string    `json:"alternative_order_id"`
	Created     time.Time `json:"created"`
	Changed     time.Time `json:"changed"`
	ValidTill   time.Time `json:"valid_till"`
	RenewalOf   int64     `json:"renewal_of_order_id"`
	Reissues    int       `json:"reissues"`
	Note        string    `json:"note"`
	Organ       int64     `json:"organization"`
	Container   int64     `json:"container"`

	requests []wish
	certs    []*certificate // the primary one first, then reissues
	current  *certificate   // what the order's status speaks of
	random   string
	days     int
	shown    time.Time // in lists, from then on
	pickup   bool
}

// A wish is a request on an order.
type wish struct {
	id                  int64
	kind, status        string
	comments, processor string
	date                time.Time
}

type certificate struct {
	id      int64
	csr     string
	status  string // pending, issued, rejected, canceled, revoked
	created time.Time
	due     time.Time // issued then, if not held
	held    bool
	leaf    *x509.Certificate
}

// posted is the body of an order and of a reissue.
type posted struct {
	Certificate struct {
		CommonName    string   `json:"common_name"`
		DNSNames      []string `json:"dns_names"`
		CSR           string   `json:"csr"`
		SignatureHash string   `json:"signature_hash"`
		Validity      struct {
			Days  int `json:"days"`
			Years int `json:"years"`
		} `json:"cert_validity"`
	} `json:"certificate"`
	Organization struct {
		ID int64 `json:"id"`
	} `json:"organization"`
	Container struct {
		ID int64 `json:"id"`
	} `json:"container"`
	Validity struct {
		Years int `json:"years"`
		Days  int `json:"days"`
	} `json:"order_validity"`
	SkipApproval bool   `json:"skip_approval"`
	Comments     string `json:"comments"`
	Alternative  string `json:"alternative_order_id"`
	DCVMethod    string `json:"dcv_method"`
	RenewalOf    int64  `json:"renewal_of_order_id"`
}

// place takes an order: POST /order/certificate/{product}.
func (s *Server) place(w http.ResponseWriter, r *http.Request) {
	var p posted
	if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
		refuse(w, http.StatusBadRequest, "bad_request_format", "The request body is malformed.")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	product := r.PathValue("product")
	if no := s.unfit(product, p); no != nil {
		refuse(w, no.Status, no.Code, no.Message)
		return
	}
	now := s.now()
	o := &Order{ID: s.id(), Product: product, CommonName: p.Certificate.CommonName, DNSNames: p.Certificate.DNSNames, Comments: p.Comments,
		Alternative: p.Alternative, Created: now, Changed: now, RenewalOf: p.RenewalOf, Organ: p.Organization.ID, Container: p.Container.ID,
		ValidTill: now.AddDate(p.Validity.Years, 0, p.Validity.Days), days: p.Certificate.Validity.Days, shown: now.Add(time.Duration(s.play.Lag))}
	if strings.Contains(product, "_dv_") {
		o.random = fmt.Sprintf("random%d", o.ID)
	}
	if s.play.NoLookup {
		o.Alternative = ""
	}
	s.orders = append(s.orders, o)
	s.ask(o, "new_request", p)
	say(w, http.StatusCreated, s.taken(o))
}

// id returns the next number. The caller holds the lock.
func (s *Server) id() int64 {
	s.next++
	return s.next
}

// ask puts a request on the order and lets the play begin.
func (s *Server) ask(o *Order, kind string, p posted) {
	now := s.now()
	c := &certificate{id: s.id(), csr: p.Certificate.CSR, status: "pending", created: now, due: now.Add(time.Duration(s.play.Delay)), held: s.play.Hold}
	o.certs, o.current = append(o.certs, c), c
	status := "approved"
	o.Status = "pending"
	if kind == "reissue" {
		o.Status = "reissue_pending"
	}
	switch {
	case s.play.Reject != "":
		status = "rejected"
	case s.play.Approval || !p.SkipApproval:
		status = "pending"
		if kind == "new_request" {
			o.Status = "needs_approval"
		}
	}
	o.requests = append(o.requests, wish{id: s.id(), kind: kind, status: status, comments: p.Comments, date: now})
	if s.play.Reject != "" {
		s.reject(o, s.play.Reject)
		return
	}
	o.pickup = s.play.Pickup
	if s.play.Immediate {
		s.goOn(o)
	}
}

// taken is the answer to an order: the chain is in it where it was issued at once.
func (s *Server) taken(o *Order) object {
	last := o.requests[len(o.requests)-1]
	answer := object{"id": o.ID, "requests": []object{{"id": last.id, "status": last.status}}}
	if o.random != "" && o.current.leaf == nil {
		answer["dcv_random_value"] = o.random
	}
	if c := o.current; c.leaf != nil && s.play.Immediate {
		answer["certificate_id"] = c.id
		chain := []object{}
		for _, part := range []*x509.Certificate{c.leaf, s.ca.issuing, s.ca.root} {
			chain = append(chain, object{"subject_common_name": part.Subject.CommonName, "pem": toPEM(part)})
		}
		answer["certificate_chain"] = chain
		delete(answer, "requests")
	}
	return answer
}

// unfit checks an order.
func (s *Server) unfit(product string, p posted) *Refusal {
	bad := func(code, format string, args ...any) *Refusal {
		return &Refusal{Status: http.StatusBadRequest, Code: code, Message: fmt.Sprintf(format, args...)}
	}
	if s.play.Refuse != nil {
		return s.play.Refuse
	}
	if products[product] == "" {
		return &Refusal{Status: http.StatusNotFound, Code: "not_found|product", Message: "The specified product was not found."}
	}
	if _, known := s.organs[p.Organization.ID]; !known && !strings.Contains(product, "_dv_") {
		return bad("invalid_organization", "The organization %d is not one of this account.", p.Organization.ID)
	}
	if p.Validity.Years < 0 || p.Validity.Years > 3 || p.Validity.Years+p.Validity.Days == 0 {
		return bad("invalid_order_validity", "The order validity must be 1 to 3 years.")
	}
	if p.Validity.Years > 0 && p.Certificate.Validity.Days > 366*p.Validity.Years {
		return bad("cert_validity_exceeds_order_validity", "The certificate validity exceeds the order validity.")
	}
	if p.RenewalOf != 0 && (s.play.NoRenewal || s.order(strconv.FormatInt(p.RenewalOf, 10)) == nil) {
		return bad("invalid_renewal_of_order_id", "Order %d cannot be renewed.", p.RenewalOf)
	}
	return s.unfitCertificate(p)
}

func (s *Server) unfitCertificate(p posted) *Refusal {
	bad := func(code, format string, args ...any) *Refusal {
		return &Refusal{Status: http.StatusBadRequest, Code: code, Message: fmt.Sprintf(format, args...)}
	}
	if p.Certificate.CommonName == "" {
		return bad("missing_common_name", "The common name is missing.")
	}
	for _, name := range append([]string{p.Certificate.CommonName}, p.Certificate.DNSNames...) {
		if strings.HasPrefix(name, "caa-forbids.") {
			return bad("caa_check_failed|"+name, "The CAA record of %s does not allow DigiCert to issue.", name)
		}
	}
	if _, err := readCSR(p.Certificate.CSR); err != nil {
		return bad("csr_invalid_cannot_parse", "The CSR could not be parsed.")
	}
	if s.play.UsedCSR {
		for _, o := range s.orders {
			if slices.ContainsFunc(o.certs, func(c *certificate) bool { return c.csr == p.Certificate.CSR }) {
				return bad("csr_already_used", "The CSR used to get your certificate has already been used. Please try to generate a new certificate with a new CSR.")
			}
		}
	}
	return nil
}

// order finds an order by its id, or by serial number or thumbprint of its
// primary certificate. The caller holds the lock.
func (s *Server) order(id string) *Order {
	for _, o := range s.orders {
		c := o.current
		if strconv.FormatInt(o.ID, 10) == id || c.leaf != nil && (strings.EqualFold(serial(c.leaf), id) || strings.EqualFold(thumbprint(c.leaf), id)) {
			return o
		}
	}
	return nil
}

// goOn lets the order take the step that is due. The caller holds the lock.
func (s *Server) goOn(o *Order) {
	c := o.current
	if c.status != "pending" || o.Status == "needs_approval" || c.held || s.now().Before(c.due) || last(o).status == "pending" {
		return
	}
	if o.pickup {
		o.Status, o.pickup = "waiting_pickup", false
		return
	}
	s.issue(o)
}

func last(o *Order) *wish { return &o.requests[len(o.requests)-1] }

// maxDays is how long a public certificate may live.
const maxDays = 199

func (s *Server) issue(o *Order) {
	c, now := o.current, s.now()
	days := maxDays
	if o.days > 0 {
		days = min(days, o.days)
	}
	names := []string{o.CommonName}
	for _, n := range o.DNSNames {
		if n != "" && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	leaf, err := s.ca.issue(c.csr, o.CommonName, names, now, now.AddDate(0, 0, days))
	if err != nil {
		s.reject(o, err.Error())
		return
	}
	c.leaf, c.status, o.Status, o.Changed = leaf, "issued", "issued", now
}

// reject ends the last request on the order. A rejected reissue leaves the
// order as it was.
func (s *Server) reject(o *Order, comment string) {
	s.end(o, "rejected", comment)
}

func (s *Server) end(o *Order, status, comment string) {
	w := last(o)
	w.status, w.processor = "rejected", comment
	o.current.status, o.Changed = status, s.now()
	if w.kind == "reissue" {
		o.Status, o.current = "issued", o.certs[len(o.certs)-2]
		return
	}
	o.Status = status
}
