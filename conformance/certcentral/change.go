package certcentral

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
)

// setStatus cancels an order: PUT /order/certificate/{id}/status.
func (s *Server) setStatus(w http.ResponseWriter, r *http.Request) {
	var p struct{ Status, Note string }
	if json.NewDecoder(r.Body).Decode(&p) != nil {
		refuse(w, http.StatusBadRequest, "bad_request_format", "The request body is malformed.")
		return
	}
	s.found(w, r.PathValue("id"), func(o *Order) {
		switch {
		case p.Status != "canceled": // case sensitive
			refuse(w, http.StatusBadRequest, "invalid_status", "The status must be canceled, renewed or not_renewed.")
		case p.Note == "":
			refuse(w, http.StatusBadRequest, "missing_note", "A note is required.")
		case !slices.Contains([]string{"pending", "waiting_pickup", "reissue_pending"}, o.Status):
			refuse(w, http.StatusBadRequest, "invalid_order_status", "An order can be canceled while it is pending.")
		default:
			o.Note = p.Note
			s.end(o, "canceled", p.Note)
			w.WriteHeader(http.StatusNoContent)
		}
	})
}

// reissue takes the wish for a reissue: POST /order/certificate/{id}/reissue.
func (s *Server) reissue(w http.ResponseWriter, r *http.Request) {
	var p posted
	if json.NewDecoder(r.Body).Decode(&p) != nil {
		refuse(w, http.StatusBadRequest, "bad_request_format", "The request body is malformed.")
		return
	}
	s.found(w, r.PathValue("id"), func(o *Order) {
		if no := s.unfitCertificate(p); no != nil {
			refuse(w, no.Status, no.Code, no.Message)
			return
		}
		if o.Status != "issued" {
			refuse(w, http.StatusBadRequest, "invalid_order_status", "Only an issued order can be reissued.")
			return
		}
		o.CommonName, o.DNSNames, o.days = p.Certificate.CommonName, p.Certificate.DNSNames, p.Certificate.Validity.Days
		o.Reissues++
		s.ask(o, "reissue", p)
		say(w, http.StatusCreated, s.taken(o))
	})
}

type revocation struct {
	Reason       string `json:"revocation_reason"`
	Comments     string `json:"comments"`
	SkipApproval bool   `json:"skip_approval"`
}

// revoke revokes one certificate, or asks for it: PUT /certificate/{id}/revoke.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	var p revocation
	_ = json.NewDecoder(r.Body).Decode(&p)
	s.mu.Lock()
	defer s.mu.Unlock()
	c, o := s.certificate(r.PathValue("id"))
	if c == nil {
		refuse(w, http.StatusNotFound, "not_found|certificate", "The specified certificate was not found.")
		return
	}
	s.revokeOne(w, o, c, p)
}

// revokeOrder revokes all certificates of an order.
func (s *Server) revokeOrder(w http.ResponseWriter, r *http.Request) {
	var p revocation
	_ = json.NewDecoder(r.Body).Decode(&p)
	s.found(w, r.PathValue("id"), func(o *Order) { s.revokeOne(w, o, o.current, p) })
}

func (s *Server) revokeOne(w http.ResponseWriter, o *Order, c *certificate, p revocation) {
	switch {
	case c.status != "issued":
		refuse(w, http.StatusBadRequest, "invalid_certificate_status", "Only an issued certificate can be revoked; this one is "+c.status+".")
	case !p.SkipApproval || s.play.Approval:
		o.requests = append(o.requests, wish{id: s.id(), kind: "revoke", status: "pending", comments: p.Comments, date: s.now()})
		say(w, http.StatusCreated, object{"id": last(o).id, "date": stamp(s.now()), "type": "revoke", "status": "pending", "comments": p.Comments})
	default:
		s.revoked(o, c)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *Server) revoked(o *Order, c *certificate) {
	c.status, o.Changed = "revoked", s.now()
	if o.current == c {
		o.Status = "revoked"
	}
}

// setRequest approves or rejects a request: PUT /request/{id}/status.
func (s *Server) setRequest(w http.ResponseWriter, r *http.Request) {
	var p struct {
		Status    string `json:"status"`
		Processor string `json:"processor_comment"`
	}
	if json.NewDecoder(r.Body).Decode(&p) != nil || p.Status != "approved" && p.Status != "rejected" {
		refuse(w, http.StatusBadRequest, "bad_request_format", "The status must be approved or rejected.")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.orders {
		for i := range o.requests {
			if strconv.FormatInt(o.requests[i].id, 10) == r.PathValue("id") {
				s.decide(o, i, p.Status, p.Processor)
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
	}
	refuse(w, http.StatusNotFound, "not_found|request", "The specified request was not found.")
}

// decide carries a decision out.
func (s *Server) decide(o *Order, i int, status, comment string) {
	r := &o.requests[i]
	if r.status != "pending" {
		return
	}
	r.status, r.processor = status, comment
	switch {
	case r.kind == "revoke" && status == "approved":
		s.revoked(o, o.current)
	case r.kind == "revoke":
	case status == "rejected":
		s.reject(o, comment)
	case o.Status == "needs_approval":
		o.Status = "pending"
	}
}
