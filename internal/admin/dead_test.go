package admin

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/vault"
)

// letters are dead messages 1 to 9 of two receivers, the odd ones of mail.
type letters struct{ resent []int64 }

func (l *letters) Dead(_ context.Context, after int64, limit int, sinks ...string) (list []vault.Message, err error) {
	for seq := after + 1; seq <= 9 && len(list) < limit; seq++ {
		sink := []string{"hook", "mail"}[seq%2]
		if len(sinks) > 0 && !slices.Contains(sinks, sink) {
			continue
		}
		list = append(list, vault.Message{Seq: seq, ID: fmt.Sprintf("%032x", seq), Sink: sink, Topic: vault.TopicMail, At: noon, Tries: 14,
			Ref: vault.Ref{Vault: "web", Kind: vault.Certificates, Name: "site"}, Version: "v", Error: "refused", Body: []byte(`{"text":"hidden"}`)})
	}
	return list, nil
}

func (l *letters) Resend(_ context.Context, seq int64) error {
	if seq > 9 {
		return vault.NoDeadMessage(seq)
	}
	l.resent = append(l.resent, seq)
	return nil
}

func (l *letters) ResendAll(_ context.Context, sink string) (int, error) {
	if sink == "mail" {
		return 5, nil
	}
	return 0, nil
}

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	first := `{"dead":[{"seq":1,"id":"00000000000000000000000000000001","sink":"mail","topic":"mail","vault":"web","kind":"certificates","name":"site","version":"v","at":"2026-11-22T12:00:00.000000005Z","tries":14,"error":"refused"}`
	for _, c := range []struct {
		target string
		code   int
		begins string
		ends   string
		count  int
	}{
		{"/admin/outbox/dead", 200, first, `]}`, 9},
		{"/admin/outbox/dead?limit=1", 200, first, `],"next":1}`, 1},
		{"/admin/outbox/dead?limit=4&after=1&sink=mail", 200, `{"dead":[{"seq":3,`, `}]}`, 4},
		{"/admin/outbox/dead?limit=3&after=1&sink=mail", 200, `{"dead":[{"seq":3,`, `],"next":7}`, 3},
		{"/admin/outbox/dead?sink=other", 200, `{"dead":[]}`, `]}`, 0},
		{"/admin/outbox/dead?limit=101", 400, `{"error":`, ``, 0},
		{"/admin/outbox/dead?after=-1", 400, `{"error":`, ``, 0},
		{"/admin/outbox/dead?after=x", 400, `{"error":`, ``, 0},
	} {
		w := ask(newHandler(), "GET", c.target, "")
		got := strings.TrimSpace(w.Body.String())
		if w.Code != c.code || !strings.HasPrefix(got, c.begins) || !strings.HasSuffix(got, c.ends) || strings.Count(got, `"seq"`) != c.count || strings.Contains(got, "hidden") {
			t.Errorf("%s: %d %s", c.target, w.Code, got)
		}
	}
}

func TestResend(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"seq":4}`: `200 {"resent":1}`, `{"sink":"mail"}`: `200 {"resent":5}`, `{"sink":"other"}`: `200 {"resent":0}`, `{"seq":10}`: "404 ",
		`{}`: "400 ", `{"seq":4,"sink":"mail"}`: "400 ", `{"sink":""}`: "400 ", `{"seq":"4"}`: "400 ", ``: "400 ",
	} {
		h := newHandler()
		w := ask(h, "POST", "/admin/outbox/resend", body)
		if got := fmt.Sprint(w.Code, " ", w.Body.String()); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
		if l, ok := h.Notices.(*letters); !ok || (len(l.resent) == 1) != (body == `{"seq":4}`) {
			t.Errorf("%s: sent again were %v", body, l.resent)
		}
	}
}

// The stream stands behind the guard; metrics and what certificates point to are
// for who calls the server by a name that it knows, probes and authorities by any.
func TestPagesAndTheGuard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, path, host string
		code               int
	}{
		{"GET", "/admin/events", "127.0.0.1", 200}, {"GET", "/admin/events?after=3", "evil.example", 403}, {"POST", "/admin/events", "127.0.0.1", 405},
		{"GET", "/metrics", "127.0.0.1", 200}, {"GET", "/metrics", "box.example:8080", 200}, {"POST", "/metrics", "127.0.0.1", 405},
		{"GET", "/metrics", "evil.example", 403}, {"GET", "/metrics", "pki.example.org", 403}, {"GET", "/metrics", "", 403},
		{"GET", "/pki/a.crl", "evil.example", 403}, {"GET", "/pki/a.crl", "PKI.example.org.:80", 404}, {"GET", "/pki/a.crl", "127.0.0.1", 404},
		{"GET", "/pki/a.crl", "x.pki.example.org", 403}, {"GET", "/.well-known/acme-challenge/x", "shop.example", 404}, {"GET", "/healthz", "10.1.2.3", 200},
	} {
		h := newHandler()
		h.PublicHosts = []string{"pki.example.org"}
		h.PKI = func(context.Context, string) (string, []byte, error) { return "", nil, vault.ErrNotFound }
		if w := ask(h, c.method, c.path, "", "Host", c.host); w.Code != c.code {
			t.Errorf("%s %s at %s: %d %s", c.method, c.path, c.host, w.Code, w.Body)
		}
	}
}

// A token that was good once lets nobody listen for ever.
func TestStreamEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler()
		h.Production = true
		h.Events = func(_ http.ResponseWriter, r *http.Request) error { <-r.Context().Done(); return nil }
		began := time.Now()
		ask(h, "GET", "/admin/events", "")
		if took := time.Since(began); took != streamTime {
			t.Errorf("it ended after %v", took)
		}
	})
}
