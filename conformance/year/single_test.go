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

// single is one server and its data folder, through all its deaths.
type single struct {
	t       *testing.T
	program process.Program

	mu     sync.Mutex
	now    *process.Process // nil while dead
	last   *process.Process // the one that lived last
	killed int
	usual  time.Duration // what moving the clock took last time
}

func newSingle(t *testing.T, program string) *single {
	t.Helper()
	folder := t.TempDir()
	file := filepath.Join(folder, "certwright.yaml")
	must.Do(t, os.WriteFile(file, []byte(configuration), 0o600))
	return &single{t: t, program: process.Program{Path: program, Folder: filepath.Join(folder, "data"), Config: file}}
}

// alive returns the server, started if it is dead.
func (h *single) alive() *process.Process {
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
func (h *single) die() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.now == nil {
		return
	}
	h.now.Kill()
	h.now, h.killed = nil, h.killed+1
}

// said is the end of what the last server wrote to its log.
func (h *single) said() string { return endOf(h.last.Said()) }

// endOf is the end of a log.
func endOf(text string) string { return text[max(0, len(text)-4000):] }

// send implements servers.
func (h *single) send(method, path string, body any) process.Reply {
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

// reach implements servers.
func (h *single) reach(to time.Time, kill bool, random *rand.Rand) {
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
	for now := (&host{h, h.t}).clock; ; {
		left := to.Sub(now())
		if left <= 0 {
			return
		}
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
func (h *single) lost(p *process.Process) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now != p
}

func (h *single) deaths() int { return h.killed }

func (h *single) database() (driver, source string) {
	return "sqlite", "file:" + filepath.Join(h.program.Folder, "certwright.db")
}
