package notify

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/internal/clock"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

// A receiver is a webhook's other end: a TLS server that keeps the handshakes
// of both schemas and checks signatures as docs/notices.md says.
type receiver struct {
	url, bundle string
	secret      string
	rate        string
	wrong       bool                                                 // answers handshakes, but not as it should
	deaf        bool                                                 // knows no handshake
	say         func(body []byte, w http.ResponseWriter) (done bool) // answers in its place

	mu       sync.Mutex
	got      []call
	greeting int // handshakes
}

type call struct {
	header http.Header
	body   string
}

func (v *receiver) open(t testing.TB) *receiver {
	t.Helper()
	s := httptest.NewTLSServer(v)
	t.Cleanup(s.Close)
	v.url = s.URL + "/in?code=topsecret"
	v.bundle = write0600(t, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	return v
}

func (v *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	if v.secret != "" && !genuine(v.secret, r.Header, body, clock.Real{}.Now()) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.URL.RawQuery != "code=topsecret" || r.Header.Get("User-Agent") != "certwright" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	switch {
	case v.deaf && r.Method == http.MethodOptions:
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	case r.Method == http.MethodOptions:
		v.greeting++
		w.Header().Set("WebHook-Allowed-Origin", r.Header.Get("WebHook-Request-Origin"))
		if v.wrong {
			w.WriteHeader(http.StatusTeapot)
		}
		if v.rate != "" {
			w.Header().Set("WebHook-Allowed-Rate", v.rate)
		}
		return
	case r.Header.Get("Aeg-Event-Type") == "SubscriptionValidation" && !v.deaf:
		v.greeting++
		var list []struct {
			EventType string
			Data      struct{ ValidationCode string }
		}
		if json.Unmarshal(body, &list) != nil || len(list) != 1 || list[0].EventType != "Microsoft.EventGrid.SubscriptionValidationEvent" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		code := list[0].Data.ValidationCode
		if v.wrong {
			code += "x"
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"validationResponse": code})
		return
	}
	if v.say != nil && v.say(body, w) {
		return
	}
	v.got = append(v.got, call{r.Header, string(body)})
	w.WriteHeader(http.StatusAccepted)
}

func (v *receiver) calls() []call {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]call(nil), v.got...)
}

func means(store vault.Store) Means {
	return Means{Store: store, VaultURL: func(v string) string { return "https://" + v + ".vault.localhost:8443" }}
}

// hookTo is the sink of a receiver, named "hook".
func hookTo(t testing.TB, v *receiver, store vault.Store, change func(*WebhookSettings)) *Webhook {
	t.Helper()
	s := WebhookSettings{Name: "Hook", URL: v.url, CABundle: v.bundle}
	if v.secret != "" {
		s.SecretFile = write0600(t, []byte(v.secret+"\n"))
	}
	if change != nil {
		change(&s)
	}
	h, err := NewWebhook(s, means(store))
	must.Do(t, err)
	return h
}

// pretty is JSON in one order.
func pretty(t *testing.T, text string) string {
	t.Helper()
	var v any
	must.Do(t, json.Unmarshal([]byte(text), &v))
	return string(mustJSON(t, v))
}

// An event arrives in both schemas, signed, after one handshake, which a
// restart does not repeat.
func TestWebhook(t *testing.T) {
	t.Parallel()
	data := `{"EXP":1797892000,"Id":"https://default.vault.localhost:8443/certificates/web-1/000000000000000000000000000000ff","NBF":1795300000,"ObjectName":"web-1","ObjectType":"Certificate","Version":"v","VaultName":"default"}`
	for schema, want := range map[string]struct{ kind, body string }{
		"cloudevents": {"application/cloudevents+json; charset=utf-8", `{"specversion":"1.0","id":"00000000000000000000000000000002","source":"vaults/default","type":"Microsoft.KeyVault.CertificateNearExpiry","subject":"web-1","time":"2026-11-22T12:00:00Z","datacontenttype":"application/json","data":` + data + `}`},
		"eventgrid":   {"application/json; charset=utf-8", `[{"id":"00000000000000000000000000000002","topic":"vaults/default","subject":"web-1","eventType":"Microsoft.KeyVault.CertificateNearExpiry","eventTime":"2026-11-22T12:00:00Z","data":` + data + `,"dataVersion":"1","metadataVersion":"1"}]`},
	} {
		v, store := (&receiver{secret: "s3cret"}).open(t), sqltest.Open(t)
		for range 2 { // the second is a restart
			h := newHouse(t, store, map[string]Sink{"hook": hookTo(t, v, store, func(s *WebhookSettings) { s.Schema = schema })})
			h.tell(t, event(1))
			h.tell(t, letterTo(2, "a@example.org")) // not for programs
			h.settle(t)
		}
		got := v.calls()
		if len(got) != 2 || v.greeting != 1 {
			t.Fatalf("%s: %d calls, %d handshakes", schema, len(got), v.greeting)
		}
		if diff := cmp.Diff(pretty(t, want.body), pretty(t, got[0].body)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", schema, diff)
		}
		if kind := got[0].header.Get("Content-Type"); kind != want.kind || got[0].header.Get("X-Certwright-Signature") == "" {
			t.Errorf("%s: content type %q, headers %v", schema, kind, got[0].header)
		}
		if schema == "eventgrid" && got[0].header.Get("Aeg-Event-Type") != "Notification" {
			t.Errorf("aeg-event-type %q", got[0].header.Get("Aeg-Event-Type"))
		}
		if got[0].body != got[1].body {
			t.Error("the same event differs after a restart")
		}
	}
}

// A receiver that never agreed gets nothing, unless the operator says so.
func TestWebhookHandshakeRefused(t *testing.T) {
	t.Parallel()
	for _, schema := range []string{"cloudevents", "eventgrid"} {
		v, store := (&receiver{deaf: true}).open(t), sqltest.Open(t)
		strict := hookTo(t, v, store, func(s *WebhookSettings) { s.Schema = schema })
		h := newHouse(t, store, map[string]Sink{"hook": strict})
		h.tell(t, event(1))
		h.settle(t)
		got := h.rows(t, "hook", vault.Queued)
		if len(got) != 1 || !strings.Contains(got[0].Error, "skip_handshake: true") || strings.Contains(got[0].Error, "topsecret") {
			t.Errorf("%s: %v", schema, errorsOf(got))
		}
		h.Sinks["hook"] = hookTo(t, v, store, func(s *WebhookSettings) { s.Schema, s.SkipHandshake = schema, true })
		h.pass(t, time.Minute)
		h.count(t, "hook", 0, 1, 0)
	}
	v, store := (&receiver{wrong: true}).open(t), sqltest.Open(t)
	for _, schema := range []string{"cloudevents", "eventgrid"} {
		k := hookTo(t, v, store, func(s *WebhookSettings) { s.Schema = schema })
		if err := k.Send(t.Context(), event(1)); err == nil || !strings.Contains(err.Error(), "skip_handshake") {
			t.Errorf("%s: a wrong answer: %v", schema, err)
		}
	}
	k := hookTo(t, v, store, func(s *WebhookSettings) {
		s.URL, s.Origin = strings.Replace(v.url, "topsecret", "other", 1), "me.example.org"
	})
	if err := k.Send(t.Context(), event(1)); err == nil || !strings.Contains(err.Error(), "403") || strings.Contains(err.Error(), "other") {
		t.Errorf("a handshake that is answered 403: %v", err)
	}
}

// The rate that a receiver allows is kept, across restarts.
func TestWebhookRate(t *testing.T) {
	t.Parallel()
	v, store := (&receiver{rate: "4"}).open(t), sqltest.Open(t)
	for n := range 2 {
		h := newHouse(t, store, map[string]Sink{"hook": hookTo(t, v, store, nil)})
		for i := range 6 {
			h.tell(t, event(10*n+i))
		}
		h.settle(t)
		if got := h.rows(t, "hook", vault.Queued); len(got) < 4 || got[0].Tries != 0 {
			t.Errorf("%d wait: %v", len(got), errorsOf(got))
		}
	}
	if v.greeting != 1 {
		t.Errorf("%d handshakes", v.greeting)
	}
}

// What each answer means.
func TestWebhookAnswers(t *testing.T) {
	t.Parallel()
	status, v := 200, &receiver{}
	v.say = func(_ []byte, w http.ResponseWriter) bool {
		w.Header().Set("Retry-After", "7200")
		w.Header().Set("Location", "https://elsewhere.example.org/")
		w.WriteHeader(status)
		_, _ = w.Write([]byte("because\r\n\x00\x1b[31m " + strings.Repeat("x", 5000)))
		return true
	}
	v.open(t)
	h := newHouse(t, sqltest.Open(t), map[string]Sink{})
	for code, want := range map[int]vault.MessageState{
		200: vault.Delivered, 202: vault.Delivered, 204: vault.Delivered,
		400: vault.Dead, 410: vault.Dead, 413: vault.Dead,
		302: vault.Queued, 401: vault.Queued, 403: vault.Queued, 404: vault.Queued, 429: vault.Queued, 500: vault.Queued, 503: vault.Queued,
	} {
		status = code
		name := "hook-" + strconv.Itoa(code) // a client of its own: 429 closes it
		h.Sinks = map[string]Sink{name: hookTo(t, v, h.Store, nil)}
		h.tell(t, event(1))
		h.settle(t)
		got := h.rows(t, name, want)
		if len(got) != 1 {
			t.Errorf("%d: not %s", code, want)
			continue
		}
		if want != vault.Delivered && (!strings.Contains(got[0].Error, http.StatusText(code)+": because [31m xxx") || len(got[0].Error) > 300) {
			t.Errorf("%d: %q", code, got[0].Error)
		}
		if want == vault.Queued && !got[0].Due.Equal(noon.Add(2*time.Hour)) {
			t.Errorf("%d: due %v, not when it asked for", code, got[0].Due)
		}
	}
}

// When a receiver that asked to be left alone is told again follows the server's
// clock: not before, and then at once, however little real time has passed.
func TestWebhookRetryAfterFollowsTheClock(t *testing.T) {
	t.Parallel()
	busy, calls, v := true, 0, &receiver{}
	v.say = func(_ []byte, w http.ResponseWriter) bool {
		if calls++; busy {
			w.Header().Set("Retry-After", "28800")
			w.WriteHeader(http.StatusTooManyRequests)
		}
		return busy
	}
	v.open(t)
	h := newHouse(t, sqltest.Open(t), map[string]Sink{})
	with := means(h.Store)
	with.Clock = h.clock
	hook, err := NewWebhook(WebhookSettings{Name: "hook", URL: v.url, CABundle: v.bundle}, with)
	must.Do(t, err)
	h.Sinks = map[string]Sink{"hook": hook}
	h.tell(t, event(1))
	h.settle(t)
	busy = false
	h.tell(t, event(2)) // is not tried either
	h.pass(t, 8*time.Hour-time.Minute)
	if h.count(t, "hook", 2, 0, 0); calls != 1 {
		t.Errorf("called %d times before it wanted to be", calls)
	}
	h.pass(t, 2*time.Minute)
	h.count(t, "hook", 0, 2, 0)
}

// A receiver that asked one server to come back later is left alone by the others
// that share its rows.
func TestWebhooksOfServersShareAPace(t *testing.T) {
	t.Parallel()
	calls, v := 0, &receiver{}
	v.say = func(_ []byte, w http.ResponseWriter) bool {
		calls++
		w.Header().Set("Retry-After", "28800")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	}
	v.open(t)
	rows := sqltest.Accounts(t)
	with := means(rows.Store)
	with.Rows = rows
	for n := range 3 {
		hook, err := NewWebhook(WebhookSettings{Name: "hook", URL: v.url, CABundle: v.bundle, SkipHandshake: true}, with)
		must.Do(t, err)
		if err := hook.Send(t.Context(), event(n)); err == nil || errors.Is(err, vault.ErrPaced) != (n > 0) {
			t.Errorf("server %d: %v", n, err)
		}
	}
	if calls != 1 {
		t.Errorf("it was called %d times", calls)
	}
}

// A receiver that took an event and whose answer was lost gets it again, the
// same: the id tells.
func TestWebhookLostAnswer(t *testing.T) {
	t.Parallel()
	store := sqltest.Open(t)
	v := (&receiver{}).open(t)
	lost := true
	v.say = func(body []byte, w http.ResponseWriter) bool {
		if !lost {
			return false
		}
		lost = false
		v.got = append(v.got, call{nil, string(body)})
		panic(http.ErrAbortHandler)
	}
	h := newHouse(t, store, map[string]Sink{"hook": hookTo(t, v, store, nil)})
	h.tell(t, event(1))
	h.pass(t, time.Hour)
	h.count(t, "hook", 0, 1, 0)
	if got := v.calls(); len(got) != 2 || got[0].body != got[1].body {
		t.Errorf("%d calls: %+v", len(got), got)
	}
}

func TestWebhookWants(t *testing.T) {
	t.Parallel()
	v, store := (&receiver{}).open(t), sqltest.Open(t)
	k := hookTo(t, v, store, func(s *WebhookSettings) {
		s.Types, s.Vaults = []string{"certificatenearexpiry", vault.EventKeyExpired}, []string{"Web"}
	})
	for _, c := range []struct {
		topic, vault string
		want         bool
	}{
		{vault.EventNearExpiry, "web", true}, {vault.EventKeyExpired, "WEB", true}, {vault.EventNewVersion, "web", false},
		{vault.EventNearExpiry, "default", false}, {vault.TopicMail, "web", false},
	} {
		if got := k.Wants(vault.Message{Topic: c.topic, Ref: vault.Ref{Vault: c.vault}}); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	if all := hookTo(t, v, store, nil); !all.Wants(event(1)) || all.Wants(letterTo(1)) || all.Name != "hook" {
		t.Error("a webhook without filters does not want all events and nothing else")
	}
}

// The secret is read for each call, and an event that cannot be read is given up.
func TestWebhookFaults(t *testing.T) {
	t.Parallel()
	v, store := (&receiver{secret: "x"}).open(t), sqltest.Open(t)
	path := write0600(t, []byte("x"))
	k := hookTo(t, v, store, func(s *WebhookSettings) { s.SecretFile = path })
	must.Do(t, k.Send(t.Context(), event(1)))
	must.Do(t, writeFile(path, ""))
	if err := k.Send(t.Context(), event(1)); err == nil || !strings.Contains(err.Error(), "secret_file") {
		t.Errorf("an empty secret: %v", err)
	}
	broken := event(2)
	broken.Body = []byte("[]")
	h := newHouse(t, store, map[string]Sink{"hook": k})
	h.tell(t, broken)
	h.settle(t)
	h.count(t, "hook", 0, 0, 1)
	for name, s := range map[string]WebhookSettings{
		"ca_bundle":   {URL: v.url, CABundle: "/nowhere"},
		"secret_file": {URL: v.url, SecretFile: "/nowhere"},
		"url":         {URL: "ftp://x"},
	} {
		if _, err := NewWebhook(s, means(store)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
