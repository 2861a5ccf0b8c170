// Package certcentral is a fake DigiCert CertCentral: its Services API v2 as
// far as an issuer needs it, with memory, rate limits, error bodies, delays,
// approvals and lost answers, and a control door for tests and people. It is
// written from the public documentation (docs/issuers/digicert.md and the pages of
// dev.digicert.com), knows nothing of Certwright, and issues real certificates
// from a test authority that nobody should trust. Begin with New; play.go says
// how orders go, fault.go what goes wrong, control.go what a person can do.
package certcentral

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Base is the path that the API lies under.
const Base = "/services/v2"

// A Server is one CertCentral account. Its methods may be called at any time.
type Server struct {
	key   string
	clock func() time.Time
	ca    authority
	mux   *http.ServeMux

	mu     sync.Mutex
	passed time.Duration // that the account's clock is ahead
	play   Play
	faults []*Fault
	calls  []Call
	hits   []time.Time // calls in the last three minutes
	orders []*Order
	next   int64
	organs map[int64]string
}

// A Call is one request to the API that the account has seen.
type Call struct {
	Method, Path string
	Fault        string // what was made to go wrong; "" nothing
}

// New returns an account with the organizations 90210 and 112233, whose API key
// is key; now is its clock.
func New(key string, now func() time.Time) (*Server, error) {
	ca, err := newAuthority(now())
	if err != nil {
		return nil, err
	}
	s := &Server{key: key, clock: now, ca: ca, mux: http.NewServeMux(), next: 880001,
		organs: map[int64]string{90210: "Example Works", 112233: "Example Mills"}}
	s.routes()
	return s, nil
}

func (s *Server) routes() {
	for pattern, do := range map[string]func(http.ResponseWriter, *http.Request){
		"GET /user/me": s.me, "GET /product": s.products, "GET /organization": s.organizations,
		"POST /order/certificate/{product}":                       s.place,
		"GET /order/certificate":                                  s.list,
		"GET /order/certificate/status-changes":                   s.changes,
		"GET /order/certificate/{id}":                             s.info,
		"GET /order/alternate/{alternative}":                      s.alternate,
		"PUT /order/certificate/{id}/status":                      s.setStatus,
		"POST /order/certificate/{id}/reissue":                    s.reissue,
		"GET /order/certificate/{id}/reissue":                     s.reissues,
		"PUT /order/certificate/{id}/revoke":                      s.revokeOrder,
		"PUT /certificate/{id}/revoke":                            s.revoke,
		"GET /certificate/{id}/download/format/{format}":          s.download,
		"GET /certificate/download/order/{order}/format/{format}": s.downloadOrder,
		"PUT /request/{id}/status":                                s.setRequest,
	} {
		method, path, _ := strings.Cut(pattern, " ")
		s.mux.HandleFunc(method+" "+Base+path, do)
	}
	s.mux.HandleFunc(Base+"/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "not_found|route", "The route was not found.")
	})
	s.controls()
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if len(r.URL.Path) < len(Base) || r.URL.Path[:len(Base)] != Base {
		s.mux.ServeHTTP(w, r)
		return
	}
	f := s.note(r)
	if f.before(w, r) {
		return
	}
	held := f.hold(w)
	if s.admitted(held, r) {
		s.mux.ServeHTTP(held, r)
	}
	f.after(w, held)
}

// admitted checks the key and the rate.
func (s *Server) admitted(w http.ResponseWriter, r *http.Request) bool {
	if r.Header.Get("X-DC-DEVKEY") != s.key {
		refuse(w, http.StatusUnauthorized, "access_denied|invalid_api_key", "The API key is not valid.")
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.play.Limits {
		return true
	}
	now := s.clock() // rates follow real time
	s.hits = slices.DeleteFunc(s.hits, func(at time.Time) bool { return now.Sub(at) >= 3*time.Minute })
	burst := 0
	for _, at := range s.hits {
		if now.Sub(at) < 5*time.Second {
			burst++
		}
	}
	if burst >= 100 || len(s.hits) >= 1000 {
		refuse(w, http.StatusTooManyRequests, "request_limit_exceeded", "Service unavailable, please limit request volume")
		return false
	}
	s.hits = append(s.hits, now)
	return true
}

// now is the account's time. The caller holds the lock.
func (s *Server) now() time.Time { return s.clock().Add(s.passed).UTC().Truncate(time.Second) }

// Pass moves the account's clock.
func (s *Server) Pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passed += d
}

// Calls returns what the API was asked so far.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

type object = map[string]any

func say(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}

// refuse answers with the error body of the API.
func refuse(w http.ResponseWriter, status int, code, message string) {
	say(w, status, object{"errors": []object{{"code": code, "message": message}}})
}

func (s *Server) me(w http.ResponseWriter, _ *http.Request) {
	say(w, http.StatusOK, object{"id": 14, "username": "certwright", "access_roles": []object{{"id": 1, "name": "Administrator"}}})
}

func (s *Server) products(w http.ResponseWriter, _ *http.Request) {
	list := []object{}
	for _, p := range slices.Sorted(keys(products)) {
		list = append(list, object{"name_id": p, "name": products[p], "group_name": "ssl_certificate", "type": "ssl_certificate", "csr_required": true})
	}
	say(w, http.StatusOK, object{"products": list})
}

func (s *Server) organizations(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []object{}
	for _, id := range slices.Sorted(keys(s.organs)) {
		list = append(list, object{"id": id, "name": s.organs[id], "status": "active", "is_active": true})
	}
	say(w, http.StatusOK, object{"organizations": list, "page": object{"total": len(list), "limit": 1000, "offset": 0}})
}
