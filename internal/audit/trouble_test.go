package audit_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"certwright/internal/audit"
	"certwright/internal/audit/line"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// breakable has a log whose folder can be taken away and given back.
type breakable struct {
	*stand
	mu     sync.Mutex
	errors int
	back   chan struct{} // the log says that it can be written again
}

func newBreakable(t *testing.T, s audit.Settings) *breakable {
	t.Helper()
	b := &breakable{stand: newStand(t, s), back: make(chan struct{}, 10)}
	must.Do(t, b.Close())
	b.means.Log = slog.New(listener{b.means.Log.Handler(), b.back})
	b.means.Failed = func(string) { b.mu.Lock(); b.errors++; b.mu.Unlock() }
	b.start(t)
	return b
}

// A listener hears when a log says that it is written again.
type listener struct {
	slog.Handler
	back chan struct{}
}

func (l listener) Handle(ctx context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "served") {
		l.back <- struct{}{}
	}
	return l.Handler.Handle(ctx, r)
}

// away moves the folder away and has the log open the file anew.
func (b *breakable) away(t *testing.T) {
	t.Helper()
	folder := filepath.Dir(b.path)
	must.Do(t, os.Rename(folder, folder+".away"))
	must.Do(t, os.WriteFile(folder, nil, 0o600)) // nothing can be made below it
	b.Reopen()
}

func (b *breakable) give(t *testing.T) {
	t.Helper()
	folder := filepath.Dir(b.path)
	must.Do(t, os.Remove(folder))
	must.Do(t, os.Rename(folder+".away", folder))
}

func (s *stand) request(t *testing.T, id string) *audit.Record {
	t.Helper()
	op, ok := audit.OperationOf(id)
	if !ok {
		t.Fatal(id)
	}
	return s.Request(httptest.NewRequest("POST", "https://web.vault.example/secrets/a", nil), op, "c-"+id)
}

func (s *stand) ask(ctx context.Context, r *audit.Record) error {
	return audit.Authorizer{Decider: decides{}, Log: s.Log}.Authorize(r.In(ctx), vault.Caller{}, "x", vault.Ref{Vault: "web", Kind: vault.Secrets, Name: "a"})
}

func reasonOf(err error) vault.Reason {
	var refusal *vault.Error
	if errors.As(err, &refusal) {
		return refusal.Reason
	}
	return -1
}

// While the file cannot be written, no write begins and no secret is shown; what
// is no secret is served, and its line written later. A write that was under way
// is not answered, and the log says so once it can. All by itself.
func TestFailsClosed(t *testing.T) {
	t.Parallel()
	for _, reads := range []string{"always", "1s"} {
		t.Run(reads, func(t *testing.T) {
			t.Parallel()
			b := newBreakable(t, audit.Settings{Reads: reads})
			underway := b.request(t, "SetSecret")
			must.Do(t, b.ask(t.Context(), underway))
			b.away(t)
			if err := underway.End(200, ""); reasonOf(err) != vault.Internal {
				t.Errorf("the end of a write: %v, want the answer withheld", err)
			}
			if b.Trouble() == nil {
				t.Error("no trouble is told")
			}
			write, secret, list := b.request(t, "DeleteSecret"), b.request(t, "GetSecret"), b.request(t, "GetSecrets")
			for r, want := range map[*audit.Record]vault.Reason{write: vault.Unavailable, secret: vault.Unavailable} {
				if err := b.ask(t.Context(), r); reasonOf(err) != want {
					t.Errorf("%s: %v", r.Operation, err)
				}
				must.Do(t, r.End(503, "ServiceUnavailable"))
			}
			must.Do(t, b.ask(t.Context(), list))
			must.Do(t, list.End(200, ""))
			b.give(t)
			<-b.back
			must.Do(t, b.Event(audit.Entry{Operation: "Again"}))
			must.Do(t, b.Close())
			if b.errors == 0 {
				t.Error("no error was counted")
			}
			var got []string
			for _, l := range b.lines(t) {
				if l.OperationName != "Again" && l.OperationName != line.CheckpointName {
					got = append(got, l.OperationName+" "+l.Certwright.Phase+" "+l.ResultSignature+" "+l.ResultDescription)
				}
			}
			want := []string{"SecretSet begin  ", "SecretSet end OK ",
				"SecretSet end Internal Server Error committed, answer withheld: its end could not be written in time",
				"SecretDelete begin  ", "SecretDelete end Service Unavailable ServiceUnavailable", "SecretGet end Service Unavailable ServiceUnavailable", "SecretList end OK "}
			slices.Sort(got[len(got)-4:]) // their order is the map's
			slices.Sort(want[len(want)-4:])
			if !slices.Equal(got, want) {
				t.Errorf("%q\nwant %q", got, want)
			}
			how, _ := b.keys(t)
			if r := b.verify(t, how); len(r.Findings) > 0 {
				t.Error(r.Findings)
			}
		})
	}
}
