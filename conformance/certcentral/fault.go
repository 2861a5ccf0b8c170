package certcentral

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"time"
)

// The kinds of faults.
const (
	CutBefore = "cut_before" // the connection breaks before the call is acted on
	CutAfter  = "cut_after"  // it is acted on, and the answer never comes
	Truncated = "truncated"  // it is acted on, and half of the answer comes
	Slow      = "slow"       // it is acted on, and the answer comes after Fault.After
	HTML      = "html"       // 503 with a page of a proxy
	Limit     = "429"
	NotOK     = "406"
	Broken    = "500" // acted on, and answered with 500
	Away      = "503" // not acted on
)

// FaultKinds are all kinds but Slow.
var FaultKinds = []string{CutBefore, CutAfter, Truncated, HTML, Limit, NotOK, Broken, Away}

// A Fault makes calls go wrong.
type Fault struct {
	Kind   string   `json:"kind"`
	Method string   `json:"method"` // "" any
	Path   string   `json:"path"`   // what the path, without the base, begins with; "" any
	Call   int      `json:"call"`   // the how-manieth such call, from 1; 0 all of them
	After  Duration `json:"after"`  // of Slow

	seen int
}

// Break makes calls go wrong from now on, beside what was asked for before.
func (s *Server) Break(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.faults = append(s.faults, &f)
	}
}

// Mend lets all calls go well again.
func (s *Server) Mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// note writes the call down and returns its fault; the zero fault is none.
func (s *Server) note(r *http.Request) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, Base)
	var due Fault
	for _, f := range s.faults {
		if (f.Method != "" && f.Method != r.Method) || !strings.HasPrefix(path, f.Path) {
			continue
		}
		if f.seen++; (f.Call == 0 || f.Call == f.seen) && due.Kind == "" {
			due = *f
		}
	}
	s.calls = append(s.calls, Call{Method: r.Method, Path: path, Fault: due.Kind})
	return due
}

// before plays what happens instead of the call.
func (f Fault) before(w http.ResponseWriter, r *http.Request) (done bool) {
	switch f.Kind {
	case CutBefore:
		panic(http.ErrAbortHandler)
	case Limit:
		refuse(w, http.StatusTooManyRequests, "request_limit_exceeded", "Service unavailable, please limit request volume")
	case NotOK:
		w.WriteHeader(http.StatusNotAcceptable)
	case Away:
		refuse(w, http.StatusServiceUnavailable, "service_unavailable", "The service is down for maintenance.")
	case HTML:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte("<html><title>upstream unavailable</title></html>"))
	default:
		return false
	}
	return true
}

// hold returns where the answer is written to: aside, if it will not arrive as it is.
func (f Fault) hold(w http.ResponseWriter) http.ResponseWriter {
	if f.Kind == "" {
		return w
	}
	return httptest.NewRecorder()
}

// after plays what happens to the answer.
func (f Fault) after(w, held http.ResponseWriter) {
	answer, ok := held.(*httptest.ResponseRecorder)
	if !ok {
		return
	}
	body := answer.Body.Bytes()
	switch f.Kind {
	case CutAfter:
		panic(http.ErrAbortHandler)
	case Broken:
		refuse(w, http.StatusInternalServerError, "server_error", "An unexpected error occurred.")
		return
	case Truncated:
		body = body[:len(body)/2]
	case Slow:
		timer := time.NewTimer(time.Duration(f.After))
		<-timer.C
	}
	w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
	w.WriteHeader(answer.Code)
	_, _ = w.Write(body)
}
