package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"certwright/internal/account"
	"certwright/internal/audit"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// A stand is a log with what it needs.
type stand struct {
	*audit.Log
	settings audit.Settings
	means    audit.Means
	path     string
	said     *bytes.Buffer
	rows     chan []byte // each that was kept
}

// A told database tells what is kept in it.
type told struct {
	account.Book
	rows chan []byte
}

func (k told) Write(ctx context.Context, id string, plain []byte, rev int64) error {
	err := k.Book.Write(ctx, id, plain, rev)
	if err == nil {
		k.rows <- plain
	}
	return err
}

func newStand(t testing.TB, s audit.Settings) *stand {
	t.Helper()
	data := t.TempDir()
	st := &stand{settings: s, said: &bytes.Buffer{}, path: filepath.Join(data, "audit", "audit.jsonl"), rows: make(chan []byte, 1000)}
	st.means = audit.Means{Data: data, Accounts: told{sqltest.Accounts(t), st.rows}, Host: "vault.example", Resource: "/SUBSCRIPTIONS/S/VAULTS/",
		Log: slog.New(slog.NewTextHandler(&locked{to: st.said}, nil))}
	st.start(t)
	t.Cleanup(func() { _ = st.Close() })
	return st
}

type locked struct {
	mu sync.Mutex
	to *bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to.Write(p)
}

func (s *stand) start(t testing.TB) {
	t.Helper()
	var err error
	s.Log, err = audit.Open(t.Context(), s.settings, s.means)
	must.Do(t, err)
}

// An entry is a line as a test reads it.
type entry struct {
	ResourceID, OperationName, ResultType, ResultSignature, ResultDescription, CallerIPAddress, CorrelationID string
	Properties                                                                                                map[string]any
	Certwright                                                                                                struct {
		Seq                               int64
		Phase, Decision, Issuer, ClientID string
	}
}

func (s *stand) lines(t *testing.T) (all []entry) {
	t.Helper()
	text, err := os.ReadFile(s.path)
	must.Do(t, err)
	for l := range bytes.Lines(text) {
		var one entry
		if err := json.Unmarshal(l, &one); err != nil {
			t.Fatalf("%s: %v", l, err)
		}
		all = append(all, one)
	}
	return all
}

// decides grants or refuses everything.
type decides struct{ err error }

func (d decides) Decide(context.Context, vault.Caller, vault.Action, vault.Ref) (string, error) {
	return "role X", d.err
}

// A write is on the disk when it begins, and has ended before it is answered; a
// refusal and a read only end.
func TestWriteBeginsAndEnds(t *testing.T) {
	t.Parallel()
	s := newStand(t, audit.Settings{})
	who := vault.Caller{Issuer: "corp", Subject: "u1", App: "a1"}
	request := func(id string) *audit.Record {
		op, ok := audit.OperationOf(id)
		if !ok {
			t.Fatal(id)
		}
		r := httptest.NewRequest("POST", "https://web.vault.example/secrets/a?api-version=7.4&$skiptoken=SECRET", nil)
		r.Header.Set("User-Agent", "agent\n\x1b[31m\u202e")
		return s.Request(r, op, "c-"+id)
	}
	ask := func(r *audit.Record, err error) error {
		return audit.Authorizer{Decider: decides{err}, Log: s.Log}.Authorize(r.In(t.Context()), who, "secrets/set", vault.Ref{Vault: "web", Kind: vault.Secrets, Name: "a"})
	}
	set := request("SetSecret")
	must.Do(t, ask(set, nil))
	if got := s.lines(t); len(got) != 1 || got[0].Certwright.Phase != "begin" || got[0].Certwright.Decision != "role X" || got[0].Properties["id"] != "https://web.vault.example/secrets/a" {
		t.Fatalf("before the write the file has %+v", got)
	}
	must.Do(t, set.End(200, ""))
	get := request("GetSecret")
	must.Do(t, ask(get, nil))
	must.Do(t, get.End(200, ""))
	denied, no := request("DeleteSecret"), errors.New("no")
	if err := ask(denied, no); !errors.Is(err, no) {
		t.Fatal(err)
	}
	must.Do(t, denied.End(403, "Forbidden"))
	got := s.lines(t)
	want := []struct{ name, phase, result string }{{"SecretSet", "begin", "Started"}, {"SecretSet", "end", "Success"}, {"SecretGet", "end", "Success"}, {"SecretDelete", "end", "Failure"}}
	if len(got) != len(want) {
		t.Fatalf("%d lines: %+v", len(got), got)
	}
	for i, w := range want {
		if g := got[i]; g.OperationName != w.name || g.Certwright.Phase != w.phase || g.ResultType != w.result || g.Certwright.Seq != int64(i) || g.Certwright.Issuer != "corp" {
			t.Errorf("line %d: %+v, want %+v", i, g, w)
		}
	}
	if uri := got[1].Properties["requestUri"]; uri != "https://web.vault.example/secrets/a?api-version=7.4" {
		t.Errorf("requestUri %q", uri)
	}
	text, _ := os.ReadFile(s.path)
	for _, bad := range []string{"SECRET", "\x1b", "\u202e"} {
		if bytes.Contains(text, []byte(bad)) {
			t.Errorf("the file has %q", bad)
		}
	}
}

// A GET that finishes something, or a job, begins on the disk before the store
// writes for its sake; where it cannot, the store writes nothing.
func TestStoreBegins(t *testing.T) {
	t.Parallel()
	s := newStand(t, audit.Settings{})
	inner := sqltest.Open(t)
	store := audit.Store{Store: inner}
	get := s.request(t, "GetCertificateOperation")
	wrote := 0
	write := func(vault.Tx) error {
		wrote++
		if got := s.lines(t); len(got) != 1 || got[0].Certwright.Phase != "begin" || got[0].OperationName != "CertificatePendingGet" {
			t.Errorf("when it writes, the log has %+v", got)
		}
		return nil
	}
	for range 2 {
		must.Do(t, store.Update(get.In(t.Context()), write))
	}
	must.Do(t, get.End(200, ""))
	if got := s.lines(t); len(got) != 2 || got[1].Certwright.Phase != "end" || wrote != 2 {
		t.Errorf("%d writes, the log has %+v", wrote, got)
	}
	must.Do(t, s.Close())
	if err := store.Update(s.request(t, "GetSecret").In(t.Context()), write); !vault.IsStorageFault(err) || wrote != 2 {
		t.Errorf("with a log that takes nothing: %v, %d writes", err, wrote)
	}
	must.Do(t, store.Update(t.Context(), func(vault.Tx) error { return nil })) // of nobody
}

// Who has no record is let do nothing.
func TestWithoutRecord(t *testing.T) {
	t.Parallel()
	s := newStand(t, audit.Settings{})
	if err := (audit.Authorizer{Decider: decides{}, Log: s.Log}).Authorize(t.Context(), vault.Caller{}, "keys/get", vault.Ref{}); err == nil {
		t.Error("it was authorized")
	}
	if err := (audit.Authorizer{Decider: decides{}}).Authorize(t.Context(), vault.Caller{}, "keys/get", vault.Ref{}); err != nil {
		t.Error("without a log:", err)
	}
}
