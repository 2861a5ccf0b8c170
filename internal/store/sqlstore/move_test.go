package sqlstore_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/store/storetest"
	"certwright/internal/vault"
)

// household makes a SQLite file with rows of every kind, which nobody has open.
func household(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "certwright.db")
	s, err := sqlstore.Open(t.Context(), path)
	must.Do(t, err)
	storetest.Household(t, bound(t, s))
	must.Do(t, s.Close())
	return path
}

// rowsIn are all rows of a SQLite file, by their table, but those that say which
// database it is.
func rowsIn(t *testing.T, path string) map[string][]string {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must.Do(t, err)
	defer db.Close()
	found := map[string][]string{}
	for _, table := range columnsOf(t, db, "SELECT m.name FROM sqlite_schema m WHERE m.type = 'table'") {
		if table == "goose_db_version" {
			continue
		}
		rows, err := db.Query("SELECT * FROM " + table)
		must.Do(t, err)
		width, err := rows.Columns()
		must.Do(t, err)
		for rows.Next() {
			values, into := make([]any, len(width)), make([]any, len(width))
			for i := range into {
				into[i] = &values[i]
			}
			must.Do(t, rows.Scan(into...))
			if text := fmt.Sprintf("%#v", values); table != "settings" || !strings.Contains(text, `"database.id"`) && !strings.Contains(text, `"database.generation"`) {
				found[table] = append(found[table], text)
			}
		}
		must.Do(t, errors.Join(rows.Err(), rows.Close()))
		slices.Sort(found[table])
	}
	return found
}

func columnsOf(t *testing.T, db *sql.DB, query string, args ...any) (all []string) {
	t.Helper()
	rows, err := db.Query(query, args...)
	must.Do(t, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		must.Do(t, rows.Scan(&name))
		all = append(all, name)
	}
	must.Do(t, rows.Err())
	return all
}

// From SQLite to PostgreSQL and back nothing is lost and nothing changes, not
// even what was given out once and is not given again.
func TestMoveThereAndBack(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		first, schema := household(t), sqltest.NewSchema(t, server)
		done, all := 0, 0
		must.Do(t, sqlstore.FillPostgres(t.Context(), first, schema.URL, func(d, a int) { done, all = d, a }, func() error { return nil }))
		if done != all || all < 2000 {
			t.Errorf("%d of %d rows were told of", done, all)
		}
		s, err := sqlstore.OpenPostgres(t.Context(), schema.URL)
		must.Do(t, err)
		_, err = s.Bind(t.Context(), rowKeys, true)
		must.Do(t, err)
		var latest vault.Version
		must.Do(t, s.View(t.Context(), func(r vault.Reader) (err error) {
			latest, err = r.Version(vault.Ref{Vault: "web", Kind: vault.Secrets, Name: "often-changed"}, fmt.Sprintf("%032x", 450))
			return err
		}))
		if latest.Secret == nil {
			t.Error("the secret's version has no value")
		}
		must.Do(t, s.Close())
		back := filepath.Join(t.TempDir(), "certwright.db")
		must.Do(t, sqlstore.CopyPostgres(t.Context(), schema.URL, back, nil))
		must.Do(t, openAt(t, first).Close()) // which ends leases, as the move did
		if diff := cmp.Diff(rowsIn(t, first), rowsIn(t, back)); diff != "" {
			t.Errorf("rows (-first +back):\n%.4000s", diff)
		}
		if _, err := sqlstore.Verify(t.Context(), back, nil); err != nil {
			t.Error(err)
		}
		if err := sqlstore.FillPostgres(t.Context(), first, schema.URL, nil, func() error { return nil }); !errors.Is(err, sqlstore.ErrNotEmpty) {
			t.Errorf("over what is there: %v", err)
		}
		added := openAt(t, back)
		_, err = added.Bind(t.Context(), rowKeys, true)
		must.Do(t, err)
		update(t, added, func(tx vault.Tx) error { return tx.Append(vault.Message{Topic: "after"}) })
	})
}

// What ends before all is done leaves an empty database, into which the next goes.
func TestMoveIsWholeOrNot(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		path, schema := household(t), sqltest.NewSchema(t, server)
		refused := errors.New("the last step failed")
		if err := sqlstore.FillPostgres(t.Context(), path, schema.URL, nil, func() error { return refused }); !errors.Is(err, refused) {
			t.Errorf("the last step: %v", err)
		}
		cut := false
		err := sqlstore.FillPostgres(t.Context(), path, schema.URL, func(done, all int) {
			if done > all/2 && !cut {
				cut = true
				_, err := schema.Cut(t.Context())
				must.Do(t, err)
			}
		}, func() error { return nil })
		if err == nil || !cut {
			t.Errorf("cut in the midst: %v", err)
		}
		must.Do(t, sqlstore.FillPostgres(t.Context(), path, schema.URL, nil, func() error { return nil }))
	})
}

// Every column of every table moves, but those that one engine alone needs.
func TestEveryColumnMoves(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		schema := sqltest.NewSchema(t, server)
		s, err := sqlstore.OpenPostgres(t.Context(), schema.URL)
		must.Do(t, err)
		must.Do(t, s.Close())
		var there []string
		must.Do(t, schema.Admin.QueryRow(t.Context(), `SELECT array_agg(table_name || '.' || column_name ORDER BY 1) FROM information_schema.columns
WHERE table_schema = current_schema() AND table_name NOT IN ('goose_db_version', 'commits') AND column_name <> 'xid'`).Scan(&there))
		here := openAt(t, filepath.Join(t.TempDir(), "certwright.db"))
		must.Do(t, here.Close())
		moving := sqlstore.MovingColumns()
		slices.Sort(there)
		slices.Sort(moving)
		if diff := cmp.Diff(there, moving); diff != "" {
			t.Errorf("columns (-there +moving):\n%s", diff)
		}
	})
}
