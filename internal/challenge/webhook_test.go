package challenge_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/challenge"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// A heard call is what a webhook was told.
type heard struct{ Path, Body string }

// listener is a webhook over TLS that remembers what it is told.
type listener struct {
	*httptest.Server
	Bundle string

	mu     sync.Mutex
	calls  []heard
	header http.Header
	answer http.HandlerFunc // nil: 200
}

func startListener(t *testing.T, answer http.HandlerFunc) *listener {
	t.Helper()
	l := &listener{answer: answer}
	l.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		l.mu.Lock()
		l.calls, l.header = append(l.calls, heard{r.Method + " " + r.URL.Path, string(body)}), r.Header
		l.mu.Unlock()
		if l.answer != nil {
			r.Body = io.NopCloser(bytes.NewReader(body))
			l.answer(w, r)
		}
	}))
	l.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	l.StartTLS()
	t.Cleanup(l.Close)
	l.Bundle = file(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: l.Certificate().Raw})))
	return l
}

func (l *listener) heard() ([]heard, http.Header) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.calls, l.header
}

func TestWebhookIsTold(t *testing.T) {
	t.Parallel()
	l := startListener(t, nil)
	s := solver(t, challenge.Settings{Kind: "webhook", URL: l.URL + "/acme/", CABundle: l.Bundle,
		SecretFile: file(t, " the secret\n"), User: "u", PasswordFile: file(t, "p:w\n")})
	must.Do(t, s.Present(t.Context(), txt("v")))
	calls, header := l.heard()
	if user, password, ok := (&http.Request{Header: header}).BasicAuth(); !ok || user != "u" || password != "p:w" {
		t.Errorf("basic authentication %q %q %v", user, password, ok)
	}
	mac := hmac.New(sha256.New, []byte("the secret"))
	mac.Write([]byte(header.Get("X-Certwright-Timestamp") + ".present." + calls[0].Body))
	if got, want := header.Get("X-Certwright-Signature"), "sha256="+hex.EncodeToString(mac.Sum(nil)); got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
	must.Do(t, s.Cleanup(t.Context(), txt("v")))
	calls, second := l.heard()
	if second.Get("X-Certwright-Signature") == header.Get("X-Certwright-Signature") {
		t.Error("present and cleanup have the same signature")
	}
	body := `{"fqdn":"_acme-challenge.www.example.org.","value":"v"}`
	if diff := cmp.Diff([]heard{{"POST /acme/present", body}, {"POST /acme/cleanup", body}}, calls); diff != "" {
		t.Error(diff)
	}
}

func TestWebhookForHTTP01(t *testing.T) {
	t.Parallel()
	l := startListener(t, nil)
	s := solver(t, challenge.Settings{Kind: "webhook", Type: "http-01", URL: l.URL, CABundle: l.Bundle})
	if s.Type() != challenge.HTTP01 {
		t.Errorf("it solves %s", s.Type())
	}
	must.Do(t, s.Present(t.Context(), token("tok")))
	calls, header := l.heard()
	if diff := cmp.Diff([]heard{{"POST /present", `{"domain":"www.example.org","token":"tok","keyAuth":"tok.thumb"}`}}, calls); diff != "" {
		t.Error(diff)
	}
	if header.Get("Authorization") != "" || header.Get("X-Certwright-Signature") != "" {
		t.Error("it sends credentials that nobody configured")
	}
	if ok, _, err := s.Ready(t.Context(), token("tok"), noon, noon); !ok || err != nil {
		t.Errorf("Ready: %v, %v", ok, err)
	}
}

// Where no name server can be asked, the record is left alone for some time.
func TestWebhookWaitsBlindly(t *testing.T) {
	t.Parallel()
	l := startListener(t, nil)
	settings := challenge.Settings{Kind: "webhook", URL: l.URL, CABundle: l.Bundle}
	s := solver(t, settings)
	ok, again, err := s.Ready(t.Context(), txt("v"), noon, noon.Add(4*time.Second))
	if ok || again != 6*time.Second || err != nil {
		t.Errorf("Ready: %v, %v, %v; want false, 6s", ok, again, err)
	}
	if ok, _, err := s.Ready(t.Context(), txt("v"), noon, noon.Add(10*time.Second)); !ok || err != nil {
		t.Errorf("Ready: %v, %v", ok, err)
	}
	if got := s.(challenge.Teller).WaitsFor(t.Context(), txt("v")); got != "" {
		t.Errorf("waits for %q", got)
	}
	n := startNameServer(t)
	settings.Nameservers = []string{n.Addr}
	if ok, again, err := solver(t, settings).Ready(t.Context(), txt("v"), noon, noon); ok || again != time.Second || err != nil {
		t.Errorf("Ready with a name server: %v, %v, %v; want false, 1s", ok, again, err)
	}
}

func TestWebhookFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"error":    {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no such\n zone\x00", 422) }, "the webhook answers 422 Unprocessable Entity, and says: no such zone"},
		"silent":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "the webhook answers 500 Internal Server Error"},
		"redirect": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "http://127.0.0.1:1/", 302) }, "the webhook answers 302 Found"},
		"huge": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			for range 3000 {
				if _, err := io.WriteString(w, strings.Repeat("x", 1000)); err != nil {
					return
				}
			}
		}, "the webhook answers 400 Bad Request, and says: " + strings.Repeat("x", 500) + "..."},
		"gone": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := startListener(t, c.answer)
			s := solver(t, challenge.Settings{Kind: "webhook", URL: l.URL, CABundle: l.Bundle, SecretFile: file(t, "the secret")})
			err := s.Present(t.Context(), txt("v"))
			if c.want == "" {
				c.want = "the webhook cannot be asked: " + l.Listener.Addr().String() + ": EOF"
			}
			if err == nil || err.Error() != c.want {
				t.Errorf("error %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestWebhookOfAStranger(t *testing.T) {
	t.Parallel()
	l := startListener(t, nil)
	s := solver(t, challenge.Settings{Kind: "webhook", URL: l.URL})
	err := s.Present(t.Context(), txt("v"))
	if err == nil || !strings.Contains(err.Error(), "certificate signed by unknown authority") {
		t.Errorf("error %v", err)
	}
	if calls, _ := l.heard(); len(calls) > 0 {
		t.Error("it was told all the same")
	}
}

// An authority's account is paced by the client; that is no failed attempt.
func TestWebhookIsPaced(t *testing.T) {
	t.Parallel()
	l := startListener(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(429)
	})
	s := solver(t, challenge.Settings{Kind: "webhook", URL: l.URL, CABundle: l.Bundle})
	if err := s.Present(t.Context(), txt("v")); err == nil || errors.Is(err, vault.ErrPaced) {
		t.Errorf("error %v", err)
	}
	var later *vault.RetryError
	if err := s.Present(t.Context(), txt("v")); !errors.Is(err, vault.ErrPaced) || !errors.As(err, &later) {
		t.Errorf("error %v, want ErrPaced with a time", err)
	}
}

func TestWebhookFiles(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]challenge.Settings{
		"secret_file: open /nowhere: no such file or directory":   {SecretFile: "/nowhere"},
		"password_file: open /nowhere: no such file or directory": {User: "u", PasswordFile: "/nowhere"},
		"is empty": {SecretFile: file(t, " \n")},
		"read the CA bundle: open /nowhere: no such file or directory": {CABundle: "/nowhere"},
	} {
		s.Kind, s.URL = "webhook", "https://hooks.example.org"
		if _, err := challenge.New(s, means()); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want one with %q", err, name)
		}
	}
}
