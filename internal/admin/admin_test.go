package admin

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/access"
	"certwright/internal/vault"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 5, time.UTC)

// newHandler returns a handler with a clock of its own.
func newHandler() *Handler {
	var offset time.Duration
	return &Handler{
		CA:    []byte("-----BEGIN CERTIFICATE-----\n"),
		Ready: func(context.Context) error { return nil },
		Hosts: []string{"box.example", "*.corp.example"},
		Now:   func() (time.Time, time.Duration) { return noon.Add(offset), offset },
		Advance: func(_ context.Context, d time.Duration) error {
			offset += d
			return nil
		},
		Outbox: func(context.Context, int64, int) (Outbox, error) { return Outbox{}, nil },
		Reset:  func(context.Context) error { return nil },

		Notices: &letters{},
		Events: func(w http.ResponseWriter, _ *http.Request) error {
			writeText(w, 200, "text/event-stream", ": events follow\n\n")
			return nil
		},
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { writeText(w, 200, "text/plain", "up 1\n") }),

		Operator:  &book{},
		Rules:     func() []access.Row { return []access.Row{{To: "client a", Gives: "role Key Vault Reader", On: "/"}} },
		Rollover:  func(context.Context, string) error { return nil },
		PKI:       func(context.Context, string) (string, []byte, error) { return "", nil, vault.ErrNotFound },
		Challenge: func(string) (string, bool) { return "", false },
		Keyset:    &keysetOfTests{},
		Log:       slog.New(slog.DiscardHandler),
	}
}

func ask(h *Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "127.0.0.1:8080"
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
			continue
		}
		r.Header.Add(header[i], header[i+1])
	}
	return serve(h, r)
}

func serve(h *Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestClock(t *testing.T) {
	t.Parallel()
	h := newHandler()
	for _, c := range []struct{ method, body, want string }{
		{"GET", "", `{"now":"2026-11-22T12:00:00Z","offset":"0s"}`},
		{"POST", `{"advance":"720h"}`, `{"now":"2026-12-22T12:00:00Z","offset":"720h0m0s"}`},
		{"POST", `{"advance":"60d"}`, `{"now":"2027-02-20T12:00:00Z","offset":"2160h0m0s"}`},
		{"POST", `{"advance":"0s"}`, `{"now":"2027-02-20T12:00:00Z","offset":"2160h0m0s"}`},
		{"GET", "", `{"now":"2027-02-20T12:00:00Z","offset":"2160h0m0s"}`},
	} {
		w := ask(h, c.method, "/admin/clock", c.body)
		if got := strings.TrimSpace(w.Body.String()); w.Code != 200 || got != c.want {
			t.Errorf("%s %s: %d %s, want %s", c.method, c.body, w.Code, got, c.want)
		}
	}
}

func TestClockRefuses(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]int{
		``: 400, `{}`: 400, `[]`: 400, `{"advance":720}`: 400, `{"advance":"soon"}`: 400, `{"advance":"-1h"}`: 400,
		`{"advance":"1h","to":"x"}`: 400, `{"advance":"1h"}{}`: 400, `{"advance":"1h",}`: 400, `{"advance":null}`: 400,
		`{"advance":"` + strings.Repeat("1", maxBody) + `h"}`: 413,
	} {
		h := newHandler()
		w := ask(h, "POST", "/admin/clock", body)
		var got struct {
			Error struct{ Code, Message string }
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != want || got.Error.Code == "" || got.Error.Message == "" {
			t.Errorf("%.40s: %d %s (%v), want %d", body, w.Code, w.Body, err, want)
		}
		if _, offset := h.Now(); offset != 0 {
			t.Errorf("%.40s moved the clock by %v", body, offset)
		}
	}
}

func TestParseDuration(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for in, want := range map[string]time.Duration{
		"60d": 60 * day, "720h": 720 * time.Hour, "1h30m": 90 * time.Minute, "1d12h": 36 * time.Hour, "0d": 0, "0": 0, " 2d ": 2 * day,
		"36500d": furthest, "1d0s": day,
	} {
		if got, err := ParseDuration(in); err != nil || got != want {
			t.Errorf("%q: %v, %v, want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "d", "-1d", "+1d", "1.5d", "1d-1h", "1d+1h", "1dd", "-1h", "+1h", "36501d", "36500d1s", "99999999999d", "1y", "1w", "2562047h47m16.854775807s", "9999999999h"} {
		if got, err := ParseDuration(in); err == nil {
			t.Errorf("%q is taken for %v", in, got)
		}
	}
}

func TestOutbox(t *testing.T) {
	t.Parallel()
	h := newHandler()
	if got := strings.TrimSpace(ask(h, "GET", "/admin/outbox", "").Body.String()); got != `{"mails":[],"events":[]}` {
		t.Errorf("empty: %s", got)
	}
	var after, limit int
	h.Outbox = func(_ context.Context, a int64, l int) (Outbox, error) {
		after, limit = int(a), l
		return Outbox{
			Next:   int64(7),
			Mails:  []Mail{{To: "a@x", Subject: "s", Text: "t", HTML: "<p>", At: noon.Truncate(time.Second), Certificate: "web"}},
			Events: []json.RawMessage{json.RawMessage(`{"id":"1"}`)},
		}, nil
	}
	want := `{"mails":[{"to":"a@x","subject":"s","text":"t","html":"\u003cp\u003e","at":"2026-11-22T12:00:00Z","certificate":"web"}],"events":[{"id":"1"}],"next":7}`
	if got := strings.TrimSpace(ask(h, "GET", "/admin/outbox", "").Body.String()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if after != 0 || limit != outboxPage {
		t.Errorf("asked for %d after %d", limit, after)
	}
	if w := ask(h, "GET", "/admin/outbox?after=41&limit=5", ""); w.Code != 200 || after != 41 || limit != 5 {
		t.Errorf("%d, asked for %d after %d", w.Code, limit, after)
	}
	for _, query := range []string{"after=-1", "after=x", "limit=0", "limit=1001", "limit=x"} {
		if w := ask(h, "GET", "/admin/outbox?"+query, ""); w.Code != 400 {
			t.Errorf("%s: %d", query, w.Code)
		}
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	h := newHandler()
	done := 0
	h.Reset = func(context.Context) error { done++; return nil }
	w := ask(h, "POST", "/admin/reset", "")
	if w.Code != 204 || w.Body.Len() != 0 || done != 1 {
		t.Errorf("%d %q, done %d times", w.Code, w.Body, done)
	}
}

func TestFaultsStayInside(t *testing.T) {
	t.Parallel()
	h := newHandler()
	h.Reset = func(context.Context) error { return errors.New("disk /secret/path is full") }
	w := ask(h, "POST", "/admin/reset", "")
	if w.Code != 500 || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	h.Reset = func(context.Context) error { return vault.Bad("not now") }
	if w := ask(h, "POST", "/admin/reset", ""); w.Code != 400 || !strings.Contains(w.Body.String(), "not now") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestProbes(t *testing.T) {
	t.Parallel()
	h := newHandler()
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n", "/ca.pem": string(h.CA)} {
		if w := ask(h, "GET", path, "", "Host", "10.0.0.1", "Sec-Fetch-Site", "cross-site"); w.Code != 200 || w.Body.String() != want {
			t.Errorf("%s: %d %q", path, w.Code, w.Body)
		}
		if w := ask(h, "POST", path, ""); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("POST %s: %d", path, w.Code)
		}
	}
	h.Ready = func(context.Context) error { return errors.New("closing") }
	if w := ask(h, "GET", "/readyz", ""); w.Code != 503 || w.Body.String() != "not ready\n" {
		t.Errorf("not ready: %d %q", w.Code, w.Body)
	}
	if w := ask(h, "GET", "/healthz", ""); w.Code != 200 {
		t.Errorf("alive but not ready: %d", w.Code)
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	h := newHandler()
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/", 404, ""}, {"GET", "/admin", 404, ""}, {"GET", "/admin/", 404, ""}, {"GET", "/admin/clock/", 404, ""},
		{"GET", "/certificates", 404, ""},
		{"DELETE", "/admin/clock", 405, "GET, POST"}, {"POST", "/admin/outbox", 405, "GET"}, {"GET", "/admin/reset", 405, "POST"},
	} {
		w := ask(h, c.method, c.path, "")
		if w.Code != c.status || w.Header().Get("Allow") != c.allow {
			t.Errorf("%s %s: %d, Allow %q", c.method, c.path, w.Code, w.Header().Get("Allow"))
		}
	}
}

// What a page in a browser on this machine could send.
func TestGuard(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header []string
		ok     bool
	}{
		"curl":                  {nil, true},
		"localhost":             {[]string{"Host", "LocalHost:8080"}, true},
		"localhost, no port":    {[]string{"Host", "localhost."}, true},
		"ipv6 loopback":         {[]string{"Host", "[::1]:8080"}, true},
		"mapped loopback":       {[]string{"Host", "[::ffff:127.0.0.1]"}, true},
		"another loopback":      {[]string{"Host", "127.0.0.2:8080"}, true},
		"a name it was told":    {[]string{"Host", "BOX.example:8080"}, true},
		"its own address":       {[]string{"Host", "192.0.2.7:8080"}, true},
		"typed in a browser":    {[]string{"Sec-Fetch-Site", "none"}, true},
		"its own page":          {[]string{"Sec-Fetch-Site", "same-origin", "Origin", "http://127.0.0.1:8080"}, true},
		"rebound name":          {[]string{"Host", "evil.example:8080"}, false},
		"rebound, same origin":  {[]string{"Host", "evil.example:8080", "Origin", "http://evil.example:8080", "Sec-Fetch-Site", "same-origin"}, false},
		"name that begins so":   {[]string{"Host", "localhost.evil.example"}, false},
		"name that ends so":     {[]string{"Host", "x.localhost"}, false},
		"no host":               {[]string{"Host", ""}, false},
		"another address":       {[]string{"Host", "192.0.2.8"}, false},
		"cross-site":            {[]string{"Sec-Fetch-Site", "cross-site"}, false},
		"same-site":             {[]string{"Sec-Fetch-Site", "same-site"}, false},
		"foreign origin":        {[]string{"Origin", "https://evil.example"}, false},
		"null origin":           {[]string{"Origin", "null"}, false},
		"another port's origin": {[]string{"Origin", "http://127.0.0.1:3000"}, false},
		"https origin":          {[]string{"Origin", "https://127.0.0.1:8080"}, false},
		"empty origin":          {[]string{"Origin", ""}, false},
		"two origins":           {[]string{"Origin", "http://127.0.0.1:8080", "Origin", "https://evil.example"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHandler()
			done := false
			h.Reset = func(context.Context) error { done = true; return nil }
			r := httptest.NewRequest("POST", "/admin/reset", nil)
			r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.ParseIP("192.0.2.7"), Port: 8080}))
			r.Host = "127.0.0.1:8080"
			for i := 0; i+1 < len(c.header); i += 2 {
				if c.header[i] == "Host" {
					r.Host = c.header[i+1]
				} else {
					r.Header.Add(c.header[i], c.header[i+1])
				}
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if done != c.ok || (w.Code == 204) != c.ok || (w.Code == 403) == c.ok {
				t.Errorf("%d %s, done %v, want %v", w.Code, w.Body, done, c.ok)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	if err := newHandler().Check(); err != nil {
		t.Error(err)
	}
	if err := (&Handler{}).Check(); err == nil {
		t.Error("a handler without functions passes")
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"60d", "1d12h", "1h", "", "-1d", "36500d", "1e9h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := ParseDuration(s); err == nil && (d < 0 || d > furthest) {
			t.Errorf("%q is %v", s, d)
		}
	})
}

func FuzzClockBody(f *testing.F) {
	for _, s := range []string{`{"advance":"1h"}`, `{}`, `{"advance":1}`, `[`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w := ask(newHandler(), "POST", "/admin/clock", body)
		if w.Code != 200 && w.Code != 400 && w.Code != 413 || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if diff := cmp.Diff("application/json; charset=utf-8", w.Header().Get("Content-Type")); diff != "" {
			t.Error(diff)
		}
	})
}

func TestConfiguredNames(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]int{"box.example:8080": 200, "BOX.example": 200, "a.corp.example": 200, "corp.example": 403, "a.box.example": 403} {
		if got := ask(newHandler(), "GET", "/admin/clock", "", "Host", host); got.Code != want {
			t.Errorf("%s: %d, want %d", host, got.Code, want)
		}
	}
}
