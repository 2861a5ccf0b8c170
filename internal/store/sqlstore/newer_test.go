package sqlstore_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/store/storetest"
	"certwright/internal/vault"
)

// expanded is what a migration of a later program does that only adds.
const expanded = `ALTER TABLE objects ADD COLUMN later TEXT;
ALTER TABLE versions ADD COLUMN later BIGINT NOT NULL DEFAULT 7;
CREATE TABLE laters (id BIGINT PRIMARY KEY);
`

// mayRead is how a migration says which programs may use the schema.
func mayRead(least int64) string {
	return fmt.Sprintf("INSERT INTO settings (key, value) VALUES ('schema.min_reader', '%d') ON CONFLICT (key) DO UPDATE SET value = excluded.value", least)
}

// this is the version of the schema that this program makes.
func this(t *testing.T) int64 {
	t.Helper()
	s := openAt(t, filepath.Join(t.TempDir(), "certwright.db"))
	_, now := s.Schema()
	return now
}

// A newerSchema is a database that a later program has brought further.
type newerSchema struct {
	open func(t *testing.T) (*sqlstore.Store, error)
	run  func(t *testing.T, text string)
	to   func(t *testing.T, version int64) // says which version it has
	in   *sqltest.Schema                   // of PostgreSQL; nil: it is a file
}

func newerSQLite(t *testing.T) newerSchema {
	path := filepath.Join(t.TempDir(), "certwright.db")
	must.Do(t, openAt(t, path).Close())
	return newerSchema{
		open: func(t *testing.T) (*sqlstore.Store, error) { return sqlstore.Open(t.Context(), path) },
		run:  func(t *testing.T, text string) { execRaw(t, path, text) },
		to:   func(t *testing.T, version int64) { execRaw(t, path, fmt.Sprintf("PRAGMA user_version = %d", version)) },
	}
}

func newerPostgres(t *testing.T, server string) newerSchema {
	s := sqltest.NewSchema(t, server)
	first, err := sqlstore.OpenPostgres(t.Context(), s.URL)
	must.Do(t, err)
	must.Do(t, first.Close())
	run := func(t *testing.T, text string) {
		t.Helper()
		_, err := s.Admin.Exec(t.Context(), text)
		must.Do(t, err)
	}
	return newerSchema{
		open: func(t *testing.T) (*sqlstore.Store, error) { return sqlstore.OpenPostgres(t.Context(), s.URL) },
		run:  run,
		to: func(t *testing.T, version int64) {
			run(t, fmt.Sprintf("INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, true)", version))
		},
		in: &s,
	}
}

// This program uses the schema of a later one that only added to it, wholly, and
// leaves it at its version.
func TestASchemaThatWasExpanded(t *testing.T) {
	whole := func(t *testing.T, make func(t *testing.T) newerSchema) {
		known := this(t)
		storetest.Run(t, func(t *testing.T) vault.Store {
			later := make(t)
			later.run(t, expanded+mayRead(known))
			later.to(t, known+3)
			s, err := later.open(t)
			must.Do(t, err)
			t.Cleanup(func() { must.Do(t, s.Close()) })
			if before, now := s.Schema(); before != known+3 || now != known+3 {
				t.Errorf("the schema was at %d and is at %d", before, now)
			}
			if later.in != nil {
				return &settledStore{Store: s, Schema: *later.in}
			}
			return s
		})
	}
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); whole(t, newerSQLite) })
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		server := sqltest.Postgres(t)[0] // the conformance tests run on each as they are
		whole(t, func(t *testing.T) newerSchema { return newerPostgres(t, server) })
	})
}

// One that says nothing is refused by who does not know all of it, and one that
// contracted by who knows too little, also when a kill came before the version
// was told.
func TestASchemaThatWasContracted(t *testing.T) {
	t.Parallel()
	refused := func(t *testing.T, make func(t *testing.T) newerSchema) {
		known := this(t)
		for name, spoil := range map[string]func(later newerSchema){
			"it says nothing": func(l newerSchema) {
				l.run(t, "DELETE FROM settings WHERE key = 'schema.min_reader'")
				l.to(t, known+1)
			},
			"it contracted":            func(l newerSchema) { l.run(t, mayRead(known+1)); l.to(t, known+1) },
			"it contracted, two later": func(l newerSchema) { l.run(t, mayRead(known+1)); l.to(t, known+3) },
			"its version was not told": func(l newerSchema) { l.run(t, mayRead(known+1)) },
			"it says what is no number": func(l newerSchema) {
				l.run(t, strings.ReplaceAll(mayRead(known), fmt.Sprint("'", known, "'"), "'all'"))
			},
		} {
			later := make(t)
			spoil(later)
			s, err := later.open(t)
			if err == nil {
				must.Do(t, s.Close())
			}
			if number := strings.Contains(name, "no number"); !errors.Is(err, sqlstore.ErrNewer) && !(number && err != nil) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); refused(t, newerSQLite) })
	t.Run("postgres", func(t *testing.T) {
		eachPostgres(t, func(t *testing.T, server string) {
			refused(t, func(t *testing.T) newerSchema { return newerPostgres(t, server) })
		})
	})
}

// A store that is open when the schema is changed goes on where it was expanded,
// and knows of it where it was contracted.
func TestASchemaThatChangesMeanwhile(t *testing.T) {
	t.Parallel()
	known := this(t)
	later := newerPostgres(t, sqltest.Postgres(t)[0])
	s, err := later.open(t)
	must.Do(t, err)
	defer s.Close()
	must.Do(t, s.Usable(t.Context()))
	later.run(t, expanded+mayRead(known))
	must.Do(t, s.Usable(t.Context()))
	must.Do(t, s.Update(t.Context(), wellKeptRows))
	later.run(t, mayRead(known+1))
	if err := s.Usable(t.Context()); !errors.Is(err, sqlstore.ErrNewer) {
		t.Errorf("contracted: %v", err)
	}
}

// What has more than this program knows is not moved by it: something would stay behind.
func TestASchemaThatWasExpandedIsNotMoved(t *testing.T) {
	t.Parallel()
	known := this(t)
	path := filepath.Join(t.TempDir(), "certwright.db")
	must.Do(t, openAt(t, path).Close())
	execRaw(t, path, expanded+mayRead(known))
	execRaw(t, path, fmt.Sprintf("PRAGMA user_version = %d", known+1))
	server := sqltest.Postgres(t)[0]
	err := sqlstore.FillPostgres(t.Context(), path, sqltest.NewSchema(t, server).URL, nil, func() error { return nil })
	if err == nil || !strings.Contains(err.Error(), "\nhint: do it with the newer certwright") {
		t.Errorf("into PostgreSQL: %v", err)
	}
	if schema, err := sqlstore.Verify(t.Context(), path, nil); err != nil || schema != known+1 {
		t.Errorf("verified: %d, %v", schema, err)
	}
}
