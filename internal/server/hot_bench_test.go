package server

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"certwright/internal/config"
	"certwright/internal/logs"
	"certwright/internal/must"
)

// nowhere is an answer that nobody reads.
type nowhere struct {
	head   http.Header
	status int
}

func (n *nowhere) Header() http.Header         { return n.head }
func (n *nowhere) WriteHeader(status int)      { n.status = status }
func (n *nowhere) Write(b []byte) (int, error) { return len(b), nil }

// BenchmarkHotGet is a GET of a secret that was read before, through all that is
// the server's own: no TLS and no net/http. docs/measurements.md has what that
// comes to for a client.
func BenchmarkHotGet(b *testing.B) {
	s, err := Start(b.Context(), config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: b.TempDir()}, Options{Observe: logs.Requests(io.Discard)})
	must.Do(b, err)
	b.Cleanup(func() { _ = s.Stop() })
	send := func(method, body string) *nowhere {
		r := httptest.NewRequest(method, "/secrets/hot?api-version=7.4", strings.NewReader(body))
		r.Host, r.RemoteAddr = "127.0.0.1:8443", "127.0.0.1:51234"
		r.Header.Set("Authorization", "Bearer x")
		r.Header.Set("Content-Type", "application/json")
		to := &nowhere{head: http.Header{}}
		if method != http.MethodGet {
			s.serveVault(to, r)
			return to
		}
		b.ReportAllocs()
		for b.Loop() {
			clear(to.head)
			s.serveVault(to, r)
		}
		return to
	}
	for _, method := range []string{http.MethodPut, http.MethodGet} {
		if to := send(method, `{"value":"bench"}`); to.status != http.StatusOK {
			b.Fatal(method, to.status)
		}
	}
}
