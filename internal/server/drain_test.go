package server

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"testing"
	"time"

	"certwright/internal/must"
)

// A server that drains says that it is not ready and begins no job, answers all the
// same, and has its clients leave their connections, over HTTP/1.1 and HTTP/2.
func TestDrains(t *testing.T) {
	t.Parallel()
	c := administered(t)
	c.Drain = new(7 * time.Second)
	s := serveIn(t, c, Options{})
	ready := func() int { return ask(t, http.DefaultClient, "GET", s.Ready.HTTPURL+"/readyz", "").status }
	if status := ready(); status != http.StatusOK {
		t.Fatalf("ready: %d", status)
	}
	one, two := anyway(t), anyway(t)
	two.Transport.(*http.Transport).ForceAttemptHTTP2 = true
	one.Transport.(*http.Transport).ForceAttemptHTTP2, one.Transport.(*http.Transport).TLSNextProto = false, map[string]func(string, *tls.Conn) http.RoundTripper{}
	asked := func(c *http.Client) (status, version int, reused bool) {
		trace := &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused }}
		r, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), "GET", s.Ready.IPURL+"/secrets?api-version=7.4", nil)
		must.Do(t, err)
		a, err := c.Do(r)
		must.Do(t, err)
		_, err = io.Copy(io.Discard, a.Body)
		must.Do(t, errors.Join(err, a.Body.Close()))
		return a.StatusCode, a.ProtoMajor, reused
	}
	clients := map[int]*http.Client{1: one, 2: two}
	for version, c := range clients {
		for _, again := range []bool{false, true} {
			if status, is, reused := asked(c); status != http.StatusUnauthorized || is != version || reused != again {
				t.Errorf("before: %d by HTTP/%d, its connection used before: %v", status, is, reused)
			}
		}
	}
	if wait := s.Drain(); wait != 7*time.Second {
		t.Errorf("it drains for %v", wait)
	}
	if status := ready(); status != http.StatusServiceUnavailable {
		t.Errorf("ready: %d", status)
	}
	if status := ask(t, http.DefaultClient, "GET", s.Ready.HTTPURL+"/healthz", "").status; status != http.StatusOK {
		t.Errorf("alive: %d", status)
	}
	for version, c := range clients {
		left := false
		for n := 0; n < 100 && !left; n++ {
			status, _, reused := asked(c)
			if left = !reused; status != http.StatusUnauthorized {
				t.Errorf("by HTTP/%d: %d", version, status)
			}
		}
		if !left {
			t.Errorf("by HTTP/%d nobody leaves", version)
		}
	}
	if n, err := s.worker.RunDue(t.Context()); n != 0 || err != nil {
		t.Errorf("%d jobs were begun (%v)", n, err)
	}
}
