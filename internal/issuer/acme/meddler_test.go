package acme

import (
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"certwright/conformance/pebble"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
)

var loopback = []net.IP{net.IPv4(127, 0, 0, 1)}

// A meddler stands between an issuer and its authority.
type meddler struct {
	directory, bundle string

	mu     sync.Mutex
	calls  int
	passed map[string]int // calls that reached the authority, by the path's first word
}

// A call is one request to the authority.
type call struct{ method, path string }

// A verdict is what becomes of a call.
type verdict int

const (
	honest      verdict = iota
	unanswered          // it never arrives
	lost                // it arrives, and its answer is lost
	throttled           // 429 with Retry-After
	limitless           // 429 without
	named               // 429 for an hour, about one name
	accounted           // 429 for an hour, about the account
	unexplained         // 429 for an hour, without a problem document
	gone                // 404
	broken              // 503 with a page in HTML
)

// meddle starts a meddler, which is asked of the n-th call what becomes of it.
func meddle(t *testing.T, s *pebble.Server, judge func(n int, c call) verdict) *meddler {
	t.Helper()
	m := &meddler{passed: map[string]int{}}
	target, err := url.Parse(s.Directory)
	must.Do(t, err)
	trust := newIssuer(t, s, sqltest.Accounts(t), nil).Client.HTTP("meddler").Transport
	// the host stays the meddler's: the authority makes its addresses of it
	proxy := &httputil.ReverseProxy{Transport: trust, Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host
		r.Out.Host = r.In.Host
	}}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		n := m.calls
		m.calls++
		m.mu.Unlock()
		v := judge(n, call{r.Method, r.URL.Path})
		if v == honest || v == lost {
			m.mu.Lock()
			m.passed[strings.Split(r.URL.Path, "/")[1]]++
			m.mu.Unlock()
		}
		switch v {
		case honest:
			proxy.ServeHTTP(w, r)
		case lost:
			proxy.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		case unanswered:
			panic(http.ErrAbortHandler)
		case throttled:
			w.Header().Set("Retry-After", "77")
			refuse(w, http.StatusTooManyRequests, `{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many","status":429}`)
		case limitless:
			refuse(w, http.StatusTooManyRequests, `{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many","status":429}`)
		case named:
			w.Header().Set("Retry-After", "3600")
			refuse(w, http.StatusTooManyRequests, `{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many certificates for a name","status":429,"subproblems":[
				{"type":"urn:ietf:params:acme:error:rateLimited","detail":"50 this week","identifier":{"type":"dns","value":"WWW.limited.test"}}]}`)
		case accounted:
			w.Header().Set("Retry-After", "3600")
			refuse(w, http.StatusTooManyRequests, `{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many new orders (300) from this account in the last 3h0m0s","status":429}`)
		case unexplained:
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
		case gone:
			w.WriteHeader(http.StatusNotFound)
		case broken:
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, "<html>closed</html>")
		}
	}))
	t.Cleanup(server.Close)
	m.bundle = filepath.Join(t.TempDir(), "meddler.pem")
	must.Do(t, os.WriteFile(m.bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	m.directory = server.URL + "/dir"
	return m
}

func refuse(w http.ResponseWriter, status int, problem string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, problem)
}

// between puts the meddler before an issuer's authority.
func (m *meddler) between(i *Issuer) {
	i.Settings.Directory, i.Settings.CABundle = m.directory, m.bundle
}

// arrived counts the calls to a path that reached the authority.
func (m *meddler) arrived(path string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.passed[path]
}
