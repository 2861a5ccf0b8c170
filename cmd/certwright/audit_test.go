package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"certwright/internal/account"
	"certwright/internal/audit"
	"certwright/internal/audit/line"
	"certwright/internal/must"
	"certwright/internal/seal"
	"certwright/internal/store/sqlstore"

	"github.com/rogpeppe/go-internal/testscript"
)

// auditLogOf FOLDER LINES: a data folder as a server leaves it, with an audit log.
func auditLogOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: auditlog FOLDER LINES")
	}
	ctx, data := context.Background(), ts.MkAbs(args[0])
	lines, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(os.MkdirAll(data, 0o700))
	store, err := sqlstore.Open(ctx, filepath.Join(data, sqlstore.File))
	ts.Check(err)
	keys, _, err := seal.Open(ctx, store, filepath.Join(data, seal.File))
	ts.Check(err)
	log, err := audit.Open(ctx, audit.Settings{}, audit.Means{Data: data, Accounts: account.Book{Store: store, Sealer: keys},
		Host: "vault.example", Log: slog.New(slog.DiscardHandler)})
	ts.Check(err)
	for i := range lines {
		e := audit.Entry{Operation: "SecretGet", Phase: line.Ends, Status: 200, Host: "web.vault.example", Path: fmt.Sprint("/secrets/s", i), ID: fmt.Sprint("https://web.vault.example/secrets/s", i)}
		e.Caller.Subject = "ann"
		log.Note(e)
	}
	ts.Check(log.Close())
	ts.Check(store.Close())
}

// replace FILE OLD NEW changes the first OLD in a file.
func replace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace FILE OLD NEW")
	}
	path := ts.MkAbs(args[0])
	text, err := os.ReadFile(path)
	ts.Check(err)
	if !bytes.Contains(text, []byte(args[1])) {
		ts.Fatalf("%s has no %s", args[0], args[1])
	}
	ts.Check(os.WriteFile(path, bytes.Replace(text, []byte(args[1]), []byte(args[2]), 1), 0o640))
}

// tail --follow shows what is written, each line whole and once, also after the
// file was moved and another began.
func TestAuditTailFollows(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	line := func(n int) string {
		return fmt.Sprintf(`{"time":"2026-11-28T14:00:00Z","operationName":"SecretGet","resultSignature":"OK","properties":{"id":"id-%d"},"certwright":{"phase":"end","seq":%d},"prev":""}`+"\n", n, n)
	}
	write := func(text string) {
		t.Helper()
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		must.Do(t, err)
		_, err = f.WriteString(text)
		must.Do(t, errors.Join(err, f.Close()))
	}
	write(line(0) + line(1) + line(2))
	ctx, stop := context.WithCancel(t.Context())
	in, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- auditTailCommand{auditLog: auditLog{Files: []string{path}}, Lines: 2, Follow: true}.Run(ctx, streams{out: out, err: io.Discard})
		_ = out.Close()
	}()
	shown := bufio.NewScanner(in)
	next := func(want int) {
		t.Helper()
		if !shown.Scan() || !strings.Contains(shown.Text(), fmt.Sprintf("id-%d ", want)) {
			t.Fatalf("shown: %q, want line %d", shown.Text(), want)
		}
	}
	next(1)
	next(2)
	half := line(3)
	write(half[:20])
	write(half[20:] + line(4))
	next(3)
	next(4)
	must.Do(t, os.Rename(path, path+".1"))
	write(line(5))
	next(5)
	stop()
	must.Do(t, <-ended)
}
