package sqlstore_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore"
	"certwright/internal/store/sqlstore/sqltest"
)

// opened is what came of opening a database.
type opened struct {
	store *sqlstore.Store
	err   error
}

// openBeside opens stores at once; each is told when it is open.
func openBeside(t *testing.T, url string, n int) <-chan opened {
	t.Helper()
	all := make(chan opened, n)
	for range n {
		go func() {
			s, err := sqlstore.OpenPostgres(t.Context(), url)
			all <- opened{s, err}
		}()
	}
	return all
}

// waiting waits until so many of the schema's connections wait for a lock of a kind.
func waiting(t *testing.T, s sqltest.Schema, kind string, n int) {
	t.Helper()
	for found := -1; found < n; {
		must.Do(t, s.Admin.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock' AND wait_event = $2", s.Name, kind).Scan(&found))
	}
}

// Servers that start at once on an empty database all start, and one made it.
func TestPostgresStartsAtOnce(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		schema := sqltest.NewSchema(t, server)
		all := openBeside(t, schema.URL, 4)
		var open []*sqlstore.Store
		for range 4 {
			o := <-all
			if o.err != nil {
				t.Error(o.err)
				continue
			}
			open = append(open, o.store)
		}
		var closing sync.WaitGroup
		for _, s := range open {
			closing.Go(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		closing.Wait()
		var applied, numbers int
		must.Do(t, schema.Admin.QueryRow(t.Context(), "SELECT count(*), count(DISTINCT version_id) FROM goose_db_version WHERE version_id > 0").Scan(&applied, &numbers))
		if applied != numbers || applied == 0 {
			t.Errorf("%d migrations were recorded, of %d numbers", applied, numbers)
		}
	})
}

// A server is killed in the middle of the migration, and another waits meanwhile:
// nothing of it stays, and the other one migrates.
func TestPostgresMigrationIsKilled(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		schema := sqltest.NewSchema(t, server)
		stand, err := pgx.Connect(t.Context(), schema.URL+"_in_the_way") // of the last table; the name is the application's
		must.Do(t, err)
		defer stand.Close(context.Background())
		_, err = stand.Exec(t.Context(), "BEGIN")
		must.Do(t, err)
		_, err = stand.Exec(t.Context(), "CREATE TABLE commits (id TEXT)")
		must.Do(t, err)
		all := openBeside(t, schema.URL, 2)
		waiting(t, schema, "transactionid", 1)
		waiting(t, schema, "advisory", 1)
		tag, err := schema.Admin.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND wait_event = 'transactionid'", schema.Name)
		must.Do(t, err)
		if tag.RowsAffected() != 1 {
			t.Fatalf("%d connections were cut", tag.RowsAffected())
		}
		waiting(t, schema, "transactionid", 1) // the second one has its turn
		_, err = stand.Exec(t.Context(), "ROLLBACK")
		must.Do(t, err)
		failed := 0
		for range 2 {
			o := <-all
			if o.err != nil {
				failed++
				continue
			}
			if from, to := o.store.Schema(); from != 0 || to < 8 {
				t.Errorf("it was brought from %d to %d", from, to)
			}
			must.Do(t, o.store.Close())
		}
		if failed != 1 {
			t.Errorf("%d of 2 did not start", failed)
		}
	})
}

// A database of a newer program is refused and stays as it is.
func TestPostgresRefusesANewerOne(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		s := postgresAt(t, server)
		_, err := s.Admin.Exec(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (4711, true); UPDATE settings SET value = '4711' WHERE key = 'schema.min_reader'")
		must.Do(t, err)
		_, err = sqlstore.OpenPostgres(t.Context(), s.URL)
		if !errors.Is(err, sqlstore.ErrNewer) || !strings.Contains(err.Error(), "\nhint: ") {
			t.Errorf("opened: %v", err)
		}
	})
}
