//go:build unix

package serve_test

import (
	"errors"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"certwright/conformance/serve"
	"certwright/internal/must"
)

// SIGTERM has it say that it is not ready, and for a while it takes connections and
// answers as before, so that a balancer notices; jobs wait for the next start. Then it
// ends by itself, and all that it acknowledged is there.
func TestDrains(t *testing.T) {
	t.Parallel()
	const drain = 4 * time.Second
	h := serve.New(t)
	h.Nodes["drain"] = drain.String()
	s := h.Start(t)
	admin := h.Issuer.Token("ann", map[string]any{"groups": []string{"admins"}})
	ready := func() int { return s.Ask(t, "GET", s.Side+"/readyz", "", "").Status }
	ask := func(method, path, body string, want int) serve.Reply {
		t.Helper()
		s.HTTP.CloseIdleConnections() // a balancer that has not noticed gives it new ones
		got := s.Ask(t, method, s.Vault("web")+path, admin, body)
		if got.Status != want {
			t.Fatalf("%s %s: %+v; it says:\n%s", method, path, got, s.Said())
		}
		return got
	}
	ask("PUT", "/certificates/issuers/own", `{"provider":"Internal"}`, http.StatusOK)
	create := func(name string) {
		ask("POST", "/certificates/"+name+"/create", `{"policy":{"issuer":{"name":"own"},"key_props":{"kty":"EC","crv":"P-256"},"x509_props":{"subject":"CN=`+name+`"}}}`, http.StatusAccepted)
	}
	issued := func(name string) bool { // by a job: nobody asks for it
		for line := range strings.Lines(s.Said()) {
			if strings.Contains(line, "state=completed") && strings.Contains(line, "certificate="+name) {
				return true
			}
		}
		return false
	}
	create("before")
	s.Eventually(t, "the authority issues", func() bool { return issued("before") })
	if ready() != http.StatusOK {
		t.Fatal("it is not ready")
	}
	began := time.Now()
	s.Signal(t, syscall.SIGTERM)
	s.Eventually(t, "it says that it is not ready", func() bool { return ready() == http.StatusServiceUnavailable })
	ask("PUT", "/secrets/kept", `{"value":"kept"}`, http.StatusOK)
	create("late")
	for time.Since(began) < drain*3/4 {
		if issued("late") {
			t.Fatalf("a job was begun; it says:\n%s", s.Said())
		}
		select {
		case <-t.Context().Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
	must.Do(t, s.Wait())
	if took := time.Since(began); took < drain {
		t.Errorf("it ended after %v, want %v", took, drain)
	}
	s = h.Start(t)
	if got := ask("GET", "/secrets/kept", "", http.StatusOK); got.Text("value") != "kept" {
		t.Errorf("after a restart: %+v", got)
	}
	s.Eventually(t, "what was created meanwhile is issued", func() bool { return issued("late") })
}

// A second signal ends it at once, however long it was to drain; being told to read
// its configuration again meanwhile does not.
func TestSecondSignalEndsTheDrain(t *testing.T) {
	t.Parallel()
	for _, second := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		h := serve.New(t)
		h.Nodes["drain"] = "10m"
		s := h.Start(t)
		s.Signal(t, syscall.SIGTERM)
		s.Eventually(t, "it drains", func() bool { return strings.Contains(s.Said(), "a second signal ends it at once") })
		s.Signal(t, syscall.SIGHUP)
		s.Signal(t, second)
		var ended *exec.ExitError
		if err := s.Wait(); !errors.As(err, &ended) || ended.Sys().(syscall.WaitStatus).Signal() != second {
			t.Errorf("it ended with %v, want %v; it says:\n%s", err, second, s.Said())
		}
		h.Nodes["drain"] = "0s"
		must.Do(t, h.Start(t).Stop()) // nothing holds it up
	}
}
