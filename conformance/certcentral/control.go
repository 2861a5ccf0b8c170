package certcentral

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
)

// controls are what a test or a person does to the account. They lie under
// /fake and need no key.
func (s *Server) controls() {
	s.mux.HandleFunc("GET /fake/orders", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, s.Orders()) })
	s.mux.HandleFunc("GET /fake/paid", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, s.Paid()) })
	s.mux.HandleFunc("GET /fake/calls", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, s.Calls()) })
	s.mux.HandleFunc("GET /fake/ca.pem", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(s.Root())) })
	s.mux.HandleFunc("POST /fake/play", func(w http.ResponseWriter, r *http.Request) {
		var p Play
		if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
			refuse(w, http.StatusBadRequest, "bad_play", err.Error())
			return
		}
		s.Set(p)
		say(w, http.StatusOK, p)
	})
	s.mux.HandleFunc("POST /fake/faults", func(w http.ResponseWriter, r *http.Request) {
		var f []Fault
		if err := json.NewDecoder(r.Body).Decode(&f); err != nil {
			refuse(w, http.StatusBadRequest, "bad_faults", err.Error())
			return
		}
		s.Mend()
		s.Break(f...)
		say(w, http.StatusOK, f)
	})
	s.mux.HandleFunc("POST /fake/orders/{id}/{verb}", func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
		if err := s.Do(id, r.PathValue("verb"), r.URL.Query().Get("comment")); err != nil {
			refuse(w, http.StatusBadRequest, "bad_verb", err.Error())
			return
		}
		s.found(w, r.PathValue("id"), func(o *Order) { say(w, http.StatusOK, o) })
	})
}

// Orders returns all orders of the account as they are.
func (s *Server) Orders() []Order {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Order{}
	for _, o := range s.orders {
		s.goOn(o)
		list = append(list, *o)
	}
	return list
}

// Paid counts the orders placed for each comment. A reissue costs nothing and
// does not count.
func (s *Server) Paid() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	paid := map[string]int{}
	for _, o := range s.orders {
		paid[o.Comments]++
	}
	return paid
}

// Root returns the root certificate in PEM.
func (s *Server) Root() string { return toPEM(s.ca.root) }

// The errors of Do.
var (
	errNoOrder = errors.New("there is no such order")
	errNoVerb  = errors.New("the verbs are issue, hold, release, approve, reject, cancel, revoke, expire and forget")
)

// Do does something to an order, as people at DigiCert or in CertCentral do:
// issue, hold, release, approve, reject, cancel, revoke, expire, forget.
func (s *Server) Do(id int64, verb, comment string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.order(strconv.FormatInt(id, 10))
	if o == nil {
		return errNoOrder
	}
	switch verb {
	case "issue":
		last(o).status = "approved"
		s.issue(o)
	case "hold", "release":
		o.current.held = verb == "hold"
	case "approve":
		s.decide(o, len(o.requests)-1, "approved", comment)
	case "reject":
		s.reject(o, comment)
	case "cancel":
		s.end(o, "canceled", comment)
	case "revoke":
		s.revoked(o, o.current)
	case "expire":
		o.Status = "expired"
	case "forget":
		s.orders = slices.DeleteFunc(s.orders, func(other *Order) bool { return other == o })
	default:
		return errNoVerb
	}
	return nil
}

// SetStatus puts an order into any status, also one that the account itself
// never uses.
func (s *Server) SetStatus(id int64, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.order(strconv.FormatInt(id, 10)); o != nil {
		o.Status, o.current.held = status, true
	}
}
