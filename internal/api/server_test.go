package api

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"certwright/internal/auth"
	"certwright/internal/clock"
	"certwright/internal/must"
	"certwright/internal/service"
	"certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// noon is when a test's server starts.
var noon = servicetest.Noon

// A rig is the real service behind the real handler, over a database of its
// own, on a clock that stands still until it is moved.
type rig struct {
	t       testing.TB
	handler *Handler
	service *service.Service
	clock   *clock.Shifted
	log     *lockedLog

	mu   sync.Mutex
	seen []Observation
}

// A lockedLog keeps what was logged.
type lockedLog struct {
	mu  sync.Mutex
	out strings.Builder
}

func (l *lockedLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(b)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.String()
}

func newRig(t testing.TB) *rig {
	t.Helper()
	h := servicetest.NewHouse(t)
	g := &rig{t: t, service: h.Service, clock: h.Shifted, log: &lockedLog{}}
	h.Settings, h.Log = testSettings, slog.New(slog.NewTextHandler(g.log, nil))
	var bearer auth.Authenticator
	var err error
	g.handler, err = New(Handler{Service: g.service, Authenticate: bearer.Authenticate, Challenge: bearer.Challenge, VaultName: bearer.VaultName,
		Log: h.Log, Observe: func(o Observation) {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.seen = append(g.seen, o)
		}})
	must.Do(t, err)
	return g
}

// testSettings makes vault hsm a managed HSM and vault standard one without.
func testSettings(name string) vault.Settings {
	s := vault.DefaultSettings(name)
	s.HSM, s.Premium = name == "hsm", name != "standard"
	return s
}

// seenLast returns what was observed of the last request.
func (g *rig) seenLast() Observation {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.seen) == 0 {
		g.t.Fatal("nothing was observed")
	}
	return g.seen[len(g.seen)-1]
}

// A reply is a response read to its end.
type reply struct {
	t      testing.TB
	status int
	header http.Header
	body   string
}

const testHost = "web.vault.localhost:8443"

// request makes a signed-in request; target is a path with its query.
func request(method, target, body string) *http.Request {
	r := httptest.NewRequest(method, "https://"+testHost+"/", strings.NewReader(body))
	r.Host = testHost
	path, rest, _ := strings.Cut(target, "?")
	r.URL.RawPath, r.URL.RawQuery = path, rest
	u, err := r.URL.Parse("https://" + testHost + path)
	if err == nil {
		r.URL.Path, r.URL.RawPath = u.Path, u.RawPath
	}
	if r.URL.RawPath == "" {
		r.URL.Path = path
	}
	r.Header.Set("Authorization", "Bearer token")
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	return r
}

func (g *rig) serve(r *http.Request) reply {
	g.t.Helper()
	w := httptest.NewRecorder()
	g.handler.ServeHTTP(w, r)
	b, err := io.ReadAll(w.Result().Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return reply{g.t, w.Code, w.Result().Header, string(b)}
}

// do makes a request with api-version 7.4 unless target names one.
func (g *rig) do(method, target, body string) reply {
	g.t.Helper()
	if !strings.Contains(target, "api-version=") {
		mark := "?"
		if strings.Contains(target, "?") {
			mark = "&"
		}
		target += mark + "api-version=7.4"
	}
	return g.serve(request(method, target, body))
}

// in is do in the vault of that name.
func (g *rig) in(vaultName, method, target, body string) reply {
	g.t.Helper()
	r := request(method, target+"?api-version=7.4", body)
	r.Host = vaultName + ".vault.localhost:8443"
	return g.serve(r)
}

// must is do where anything but the status is the end of the test.
func (g *rig) must(status int, method, target, body string) reply {
	g.t.Helper()
	got := g.do(method, target, body)
	if got.status != status {
		g.t.Fatalf("%s %s: status %d, want %d: %s", method, target, got.status, status, got.body)
	}
	return got
}

// json decodes the body.
func (r reply) json() map[string]any {
	r.t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(r.body), &m); err != nil {
		r.t.Fatalf("no JSON object: %v: %s", err, r.body)
	}
	return m
}

// code is error.code and, after a slash, innererror.code.
func (r reply) code() string {
	r.t.Helper()
	e, _ := r.json()["error"].(map[string]any)
	code, _ := e["code"].(string)
	if inner, ok := e["innererror"].(map[string]any); ok {
		code += "/" + inner["code"].(string)
	}
	return code
}

// message is error.message.
func (r reply) message() string {
	r.t.Helper()
	e, _ := r.json()["error"].(map[string]any)
	m, _ := e["message"].(string)
	return m
}
