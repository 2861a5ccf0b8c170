package year_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"certwright/conformance/process"
	"certwright/internal/must"
)

type object = map[string]any

// A host is one server and its data folder, through all its deaths.
type host struct {
	t       *testing.T
	program process.Program

	mu     sync.Mutex
	now    *process.Process // nil while dead
	last   *process.Process // the one that lived last
	deaths int
	usual  time.Duration // what moving the clock took last time
}

// configuration has authorities of our own: one whose certificates live for six
// days, and one that is an everyday authority.
const configuration = `vaults:
  - {name: default, soft_delete_days: 7, purge_protection: true}
renew_spread: 5h
renew_floor: 24h
providers:
  Week: {kind: ca, common_name: Week CA, validity_days: 6}
  Quarter: {kind: ca, common_name: Quarter CA, validity_days: 100}
  Month: {kind: ca, common_name: Month CA, validity_days: 30}
  Asked: {kind: ca, common_name: Asked CA, validity_days: 100, manual_approval: true}
`

func newHost(t *testing.T, program string) *host {
	t.Helper()
	folder := t.TempDir()
	file := filepath.Join(folder, "certwright.yaml")
	must.Do(t, os.WriteFile(file, []byte(configuration), 0o600))
	return &host{t: t, program: process.Program{Path: program, Folder: filepath.Join(folder, "data"), Config: file}}
}

// alive returns the server, started if it is dead.
func (h *host) alive() *process.Process {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.now == nil {
		p, err := h.program.Start()
		if err != nil {
			h.t.Fatal(err)
		}
		h.now, h.last = p, p
	}
	return h.now
}

// die kills the server; it comes back with the next request.
func (h *host) die() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.now == nil {
		return
	}
	h.now.Kill()
	h.now, h.deaths = nil, h.deaths+1
}

// said is the end of what the last server wrote to its log.
func (h *host) said() string {
	s := h.last.Said()
	return s[max(0, len(s)-4000):]
}

// send does a request that may be repeated, and repeats it when the server died of it.
func (h *host) send(method, path string, body any) process.Reply {
	h.t.Helper()
	for {
		p := h.alive()
		r, err := p.Send(h.t.Context(), method, path, body)
		if err == nil {
			return r
		}
		if !h.lost(p) {
			h.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
}

// want is send with the status that must come back.
func (h *host) want(status int, method, path string, body any) process.Reply {
	h.t.Helper()
	r := h.send(method, path, body)
	if r.Status != status {
		h.t.Fatalf("%s %s: %d %v, want %d", method, path, r.Status, r.Body, status)
	}
	return r
}

// clock is the server's time.
func (h *host) clock() time.Time {
	h.t.Helper()
	now, err := time.Parse(time.RFC3339, h.want(200, "GET", "/admin/clock", nil).Text("now"))
	if err != nil {
		h.t.Fatal(err)
	}
	return now
}

// reach moves the clock to a time; kill: the server dies somewhere on the way.
func (h *host) reach(to time.Time, kill bool, random *rand.Rand) {
	h.t.Helper()
	done := make(chan struct{})
	if kill {
		wait := time.Duration(random.Int64N(int64(max(h.usual, 20*time.Millisecond))))
		timer := time.AfterFunc(wait, func() { h.die(); close(done) })
		defer func() {
			if timer.Stop() {
				h.die() // the way was shorter than that
			} else {
				<-done
			}
		}()
	}
	for left := to.Sub(h.clock()); left > 0; left = to.Sub(h.clock()) {
		began := time.Now()
		p := h.alive()
		r, err := p.Send(h.t.Context(), "POST", "/admin/clock", object{"advance": left.String()})
		if err == nil && r.Status != 200 || err != nil && !h.lost(p) {
			h.t.Fatalf("move the clock by %v: %v %v", left, r, err)
		}
		h.usual = time.Since(began)
	}
}

// lost reports whether a server was killed.
func (h *host) lost(p *process.Process) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now != p
}

// all reads every page of a list.
func (h *host) all(path string) (items []object) {
	h.t.Helper()
	for path != "" {
		r := h.want(200, "GET", path, nil)
		page, _ := r.Body["value"].([]any)
		for _, item := range page {
			items = append(items, item.(object))
		}
		path = onward(r.Text("nextLink"))
	}
	return items
}

func when(seconds any) time.Time {
	n, _ := seconds.(float64)
	return time.Unix(int64(n), 0).UTC()
}
