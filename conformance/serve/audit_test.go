package serve_test

import (
	"context"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/conformance/serve"
	lines "certwright/internal/audit/line"
	"certwright/internal/must"
)

// A write is one that was asked for before the server was killed.
type write struct {
	id     string // x-ms-request-id, once it was acknowledged
	name   string
	status int
}

// A ledger has the writes of all hands.
type ledger struct {
	mu  sync.Mutex
	all []write
}

// hand makes writes until the server is gone.
func (l *ledger) hand(ctx context.Context, s *serve.Server, token, prefix string) {
	for n := 0; ctx.Err() == nil; n++ {
		name := fmt.Sprintf("%s-%d", prefix, n)
		for _, w := range [][3]string{{"PUT", "/secrets/" + name, `{"value":"x"}`}, {"POST", "/keys/" + name + "-k/create", `{"kty":"EC"}`}, {"DELETE", "/secrets/" + name, ""}} {
			r, err := http.NewRequestWithContext(ctx, w[0], s.Vault("web")+w[1]+"?api-version=7.4", strings.NewReader(w[2]))
			if err != nil {
				return
			}
			r.Header.Set("Authorization", "Bearer "+token)
			r.Header.Set("Content-Type", "application/json")
			one := write{name: strings.TrimSuffix(w[1], "/create")}
			answer, err := s.HTTP.Do(r)
			if err == nil {
				_, err = io.Copy(io.Discard, answer.Body)
				_ = answer.Body.Close()
				one.id, one.status = answer.Header.Get("X-Ms-Request-Id"), answer.StatusCode
			}
			l.mu.Lock()
			l.all = append(l.all, one)
			l.mu.Unlock()
			if err != nil {
				return
			}
		}
	}
}

// written are the phases in the log, by request and by object.
func written(t *testing.T, h *serve.House) (begun, ended map[string]int, of map[string]bool) {
	t.Helper()
	begun, ended, of = map[string]int{}, map[string]int{}, map[string]bool{}
	files, err := lines.Files(filepath.Join(h.File("data"), "audit", "audit.jsonl"))
	must.Do(t, err)
	must.Do(t, lines.Each(files, func(l lines.Line) error {
		switch l.Certwright.Phase {
		case lines.Begins:
			begun[l.CorrelationID]++
			if at, err := url.Parse(l.Property("id")); err == nil {
				of[at.Path] = true
			}
		case lines.Ends:
			ended[l.CorrelationID]++
		}
		return nil
	}))
	return begun, ended, of
}

// A server that is killed in the middle of writes has no acknowledged one without
// its end in the audit log, and none that was done, acknowledged or not, without
// its beginning; the log goes on, and is one.
func TestAuditSurvivesKills(t *testing.T) {
	rounds := 2
	if s := os.Getenv("KILL_ROUNDS"); s != "" {
		n, err := strconv.Atoi(s)
		must.Do(t, err)
		rounds = n
	}
	h := serve.New(t)
	h.Nodes["audit"] = "{reads: 1s}"
	token := h.Issuer.Token("ann", map[string]any{"groups": []string{"admins"}})
	l, acknowledged, done := &ledger{}, 0, 0
	for round := range rounds {
		s := h.Start(t)
		ctx, stop := context.WithCancel(t.Context())
		var hands sync.WaitGroup
		for i := range 6 {
			hands.Go(func() { l.hand(ctx, s, token, fmt.Sprintf("r%d-h%d", round, i)) })
		}
		time.Sleep(time.Duration(300+mathrand.IntN(1000)) * time.Millisecond)
		s.Kill()
		stop()
		hands.Wait()

		s = h.Start(t)
		begun, ended, of := written(t, h)
		for _, w := range l.all {
			if w.id != "" && w.status < 300 {
				if acknowledged++; begun[w.id] != 1 || ended[w.id] != 1 {
					t.Errorf("%s, acknowledged with %d as %s, has %d beginnings and %d ends", w.name, w.status, w.id, begun[w.id], ended[w.id])
				}
			}
			there := s.Ask(t, "GET", s.Vault("web")+w.name, token, "").Status
			if there != http.StatusOK {
				there = s.Ask(t, "GET", s.Vault("web")+"/deleted"+w.name[1:], token, "").Status
			}
			if there == http.StatusOK {
				if done++; !of[w.name] {
					t.Errorf("%s was done and has no beginning", w.name)
				}
			}
		}
		l.all = nil
		must.Do(t, s.Stop())
		if t.Failed() {
			t.Fatal(s.Said())
		}
	}
	if acknowledged < 10*rounds {
		t.Errorf("only %d writes were acknowledged", acknowledged)
	}
	out, said, code := h.Run(t, "audit", "verify", "--config", h.File("config.yaml"))
	if code != 0 || !strings.Contains(said, "no finding") {
		t.Errorf("verify: %d\n%s%s", code, out, said)
	}
	t.Logf("%d rounds, %d writes acknowledged, %d found: each has its lines\n%s", rounds, acknowledged, done, said)
}

// An auditor verifies and reads the log beside the running server, and after it
// was stopped; who has no such role may not.
func TestAuditCommands(t *testing.T) {
	t.Parallel()
	h := serve.New(t)
	h.Nodes["access"] = "{assignments: [{role: Key Vault Administrator, to: {issuer: corp, group: admins}, on: /}, {role: Certwright Auditor, to: {issuer: corp, subject: eve}, on: /}]}"
	s := h.Start(t)
	ann := h.Issuer.Token("ann", map[string]any{"groups": []string{"admins"}})
	for i := range 1100 { // a checkpoint, and lines behind it
		if got := s.Ask(t, "GET", s.Vault("web")+"/secrets/none", ann, ""); got.Status != http.StatusNotFound {
			t.Fatal(i, got)
		}
	}
	if got := s.Ask(t, "PUT", s.Vault("web")+"/secrets/db", ann, `{"value":"x"}`); got.Status != http.StatusOK {
		t.Fatal(got)
	}
	config := []string{"--config", h.File("config.yaml")}
	run := func(code int, want string, args ...string) {
		t.Helper()
		out, said, got := h.Run(t, append(append([]string{"audit"}, args...), config...)...)
		if got != code || !strings.Contains(out+said, want) {
			t.Errorf("audit %s: %d, want %d and %q:\n%s%s", strings.Join(args, " "), got, code, want, out, said)
		}
	}
	h.Env = []string{"CERTWRIGHT_TOKEN=" + ann}
	run(4, "Certwright/audit/read", "verify")
	h.Env = []string{"CERTWRIGHT_TOKEN=" + h.Issuer.Token("eve", nil)}
	run(0, "signed checkpoints prove 100", "verify")
	run(0, "SecretSet", "tail")
	run(0, "+", "checkpoint", "--key")
	run(0, `"class_uid":6003`, "export", "--format", "ocsf")
	must.Do(t, s.Stop())
	run(0, "no finding", "verify")
	run(0, "the server's own key proves 11", "verify")
}
