package issuers_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"certwright/conformance/process"
	"certwright/internal/clock"
)

// A life is one server and its data, through all its deaths.
type life struct {
	toll    *toll
	program process.Program
	folder  string
	secret  string // must not be seen; "" for none

	mu     sync.Mutex
	now    *process.Process // nil while dead
	deaths int
	said   []string // by those that died

	ahead atomic.Int64 // of real time, the server's clock as it was seen last
}

// newLife makes the folder of a server whose configuration is still to be written.
func newLife(program, folder string) (*life, error) {
	l := &life{toll: &toll{}, folder: folder, program: process.Program{Path: program, Folder: filepath.Join(folder, "data"), Config: filepath.Join(folder, "certwright.yaml")}}
	l.toll.kill = func(string) { l.die() }
	return l, os.MkdirAll(folder, 0o700)
}

// configure writes the configuration file.
func (l *life) configure(format string, args ...any) error {
	return os.WriteFile(l.program.Config, fmt.Appendf(nil, format, args...), 0o600)
}

// die kills the server, whoever asks; it comes back with the next request.
func (l *life) die() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now == nil {
		return
	}
	l.now.Kill()
	l.said = append(l.said, l.now.Said())
	l.now, l.deaths = nil, l.deaths+1
}

// died is how often it died.
func (l *life) died() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.deaths
}

// alive returns the server, started if it is dead.
func (l *life) alive() (*process.Process, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now != nil {
		return l.now, nil
	}
	p, err := l.program.Start()
	l.now = p
	return p, err
}

// send does a request that may be repeated, and repeats it when the server died of it.
func (l *life) send(ctx context.Context, method, path string, body any) (process.Reply, error) {
	for {
		p, err := l.alive()
		if err != nil {
			return process.Reply{}, err
		}
		r, err := p.Send(ctx, method, path, body)
		if err == nil || !l.lost(p) {
			return r, err
		}
	}
}

// lost reports whether a server is dead.
func (l *life) lost(p *process.Process) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now != p
}

// want is send with one status that must come back.
func (l *life) want(ctx context.Context, status int, method, path string, body any) (process.Reply, error) {
	r, err := l.send(ctx, method, path, body)
	if err == nil && r.Status != status {
		err = fmt.Errorf("%s %s: %d %v, want %d", method, path, r.Status, r.Body, status)
	}
	return r, err
}

// issuer registers an issuer resource "ca".
func (l *life) issuer(ctx context.Context, body object) error {
	_, err := l.want(ctx, 200, "PUT", "/certificates/issuers/ca", body)
	return err
}

// order asks for a certificate, once, however often the server dies meanwhile.
func (l *life) order(ctx context.Context, name string, policy object) error {
	r, err := l.send(ctx, "POST", "/certificates/"+name+"/create", object{"policy": policy})
	again := l.died() > 0 && r.Status == 409 // the first one was heard
	if err == nil && r.Status != 202 && !again {
		err = fmt.Errorf("create: %d %v", r.Status, r.Body)
	}
	return err
}

// pending reads the operation.
func (l *life) pending(ctx context.Context, name string) (process.Reply, error) {
	return l.want(ctx, 200, "GET", "/certificates/"+name+"/pending", nil)
}

// end waits for the end of an order, and moves the clock by step after every
// look so that no back-off takes long.
func (l *life) end(ctx context.Context, name string, step time.Duration) (process.Reply, error) {
	for {
		r, err := l.pending(ctx, name)
		if err != nil || r.Text("status") != "inProgress" {
			return r, err
		}
		if step > 0 {
			if err := l.advance(ctx, step); err != nil {
				return r, err
			}
		}
		select {
		case <-ctx.Done():
			return r, fmt.Errorf("the order is stuck: %v: %w", r.Body, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// advance moves the server's clock. A server that dies of it has moved it or not.
func (l *life) advance(ctx context.Context, d time.Duration) error {
	_, err := l.want(ctx, 200, "POST", "/admin/clock", object{"advance": d.String()})
	return err
}

// time is what the server's clock shows, for authorities that must see time go
// by as the server does, also while it moves from one due job to the next.
func (l *life) time() time.Time {
	l.mu.Lock()
	p := l.now
	l.mu.Unlock()
	if p != nil {
		if r, err := p.Send(context.Background(), "GET", "/admin/clock", nil); err == nil {
			offset, _ := time.ParseDuration(r.Text("offset"))
			l.ahead.Store(int64(offset))
		}
	}
	return clock.Real{}.Now().Add(time.Duration(l.ahead.Load()))
}

// completed waits for the certificate, and looks whether there is one version
// of it and nothing left to do.
func (l *life) completed(ctx context.Context, name string, step time.Duration) error {
	r, err := l.end(ctx, name, step)
	if err != nil {
		return err
	}
	if got := r.Text("status"); got != "completed" {
		return fmt.Errorf("the order ended %s: %v", got, r.Body)
	}
	versions, err := l.want(ctx, 200, "GET", "/certificates/"+name+"/versions", nil)
	if err != nil {
		return err
	}
	open, err := l.want(ctx, 200, "GET", "/admin/operations", nil)
	if err != nil {
		return err
	}
	made, _ := versions.Body["value"].([]any)
	if waiting, _ := open.Body["operations"].([]any); len(made) != 1 || len(waiting) != 0 {
		return fmt.Errorf("%d versions, want 1; %d operations in progress, want none", len(made), len(waiting))
	}
	return nil
}

// discreet looks for the secret in what the servers said and in all their files.
func (l *life) discreet() error {
	if l.secret == "" {
		return nil
	}
	l.die()
	if strings.Contains(strings.Join(l.said, ""), l.secret) {
		return errors.New("the server said the issuer's password")
	}
	return filepath.WalkDir(l.program.Folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err == nil && bytes.Contains(text, []byte(l.secret)) {
			err = fmt.Errorf("the issuer's password can be read in %s", path)
		}
		return err
	})
}

// told is an error with what the server and the proxy have to say of it.
func (l *life) told(err error) error {
	if err == nil {
		return nil
	}
	l.die()
	text := ""
	for i, s := range l.said {
		text += fmt.Sprintf("--- server %d said\n%s", i+1, s[max(0, len(s)-4000):])
	}
	return errors.Join(err, fmt.Errorf("calls:\n%s%s", l.toll, text))
}
