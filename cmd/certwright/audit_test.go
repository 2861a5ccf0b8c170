package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"

	"certwright/internal/account"
	"certwright/internal/audit"
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
		e := audit.Entry{Operation: "SecretGet", Phase: audit.Ends, Status: 200, Host: "web.vault.example", Path: fmt.Sprint("/secrets/s", i), ID: fmt.Sprint("https://web.vault.example/secrets/s", i)}
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
