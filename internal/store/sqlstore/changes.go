package sqlstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// What a transaction changed stands in the row that proves it (proof.go), so that
// servers which share a database learn what the others wrote. A row without a word
// of it, as an older program leaves one, may have changed everything.
//
// Rows are handed out by the snapshots of the database: each time those of
// transactions that were not over when it was last asked. So none is passed by
// that was committed late, and no transaction that goes on for long holds the
// others back.

const (
	everything  = "*"
	ofAccount   = "=" // before the id of an account; names of objects have none
	mostChanges = 16 << 10

	feedKnows = proofsKept / 2 // how long after it asked last what it reads is all there was
)

const (
	postgresSnapshot = `SELECT CAST(pg_current_snapshot() AS TEXT)`
	postgresChanges  = `SELECT CAST(pg_current_snapshot() AS TEXT), CASE WHEN c.id IS NULL THEN '' ELSE coalesce(c.names, '*') END FROM (SELECT 1) AS one
LEFT JOIN commits c ON c.xid >= pg_snapshot_xmin(CAST(CAST($1 AS TEXT) AS pg_snapshot)) AND NOT pg_visible_in_snapshot(c.xid, CAST(CAST($1 AS TEXT) AS pg_snapshot))`
)

// touched notes that the transaction in hand changes an object that callers see,
// or its versions.
func (t *tx) touched(ref vault.Ref) {
	if ref.Kind.Public() {
		t.session.note(ref.Vault + "/" + ref.Key())
	}
}

// note notes what the transaction in hand changes, where that is told to others.
func (s *session) note(name string) {
	if n := len(s.changes); s.of.proof && (n == 0 || s.changes[n-1] != name) {
		s.changes = append(s.changes, name)
	}
}

// changedNames are what the transaction changed, as a row has them.
func (s *session) changedNames() string {
	text := strings.Join(s.changes, "\n")
	if len(text) > mostChanges {
		return everything
	}
	return text
}

// A Feed tells what the transactions of all servers changed. It has a connection
// of its own; one goroutine uses it.
type Feed struct {
	store *Store
	held  *session
	at    string // the snapshot that was read last
	asked time.Time
}

// Feed returns one that was not read yet. Close it when done, before the store.
func (s *Store) Feed() *Feed { return &Feed{store: s} }

// Next returns what was changed by transactions that were committed since it was
// last called: all, the first time and after an error.
func (f *Feed) Next(ctx context.Context) (c vault.Changes, err error) {
	now := clock.Real{}.Now().Round(0) // a machine may have slept
	if now.Sub(f.asked).Abs() > feedKnows {
		f.at = "" // rows may be gone that it did not read
	}
	f.asked = now
	if f.held == nil {
		if f.held, err = f.store.connect(ctx); err != nil {
			return c, err
		}
		f.at = ""
	}
	if f.at == "" {
		c.All, err = true, f.held.one(postgresSnapshot, nil, &f.at)
	} else {
		c, err = f.read()
	}
	if err != nil {
		f.Close()
		return c, fmt.Errorf("read what changed: %w", err)
	}
	return c, nil
}

func (f *Feed) read() (c vault.Changes, err error) {
	var at, names string
	err = f.held.each(postgresChanges, []any{f.at}, []any{&at, &names}, func() error {
		for name := range strings.SplitSeq(names, "\n") {
			id, account := strings.CutPrefix(name, ofAccount)
			switch {
			case name == "":
			case name == everything:
				c.All = true
			case account:
				c.Accounts = append(c.Accounts, id)
			default:
				c.Names = append(c.Names, name)
			}
		}
		return nil
	})
	f.at = at
	return c, err
}

// Close ends the connection.
func (f *Feed) Close() {
	if f.held != nil {
		_ = f.held.close() // of no further use
	}
	f.held, f.at = nil, ""
}
