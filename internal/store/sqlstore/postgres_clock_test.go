package sqlstore_test

import (
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// wrongAt opens an empty store whose database's clock is ahead of this process's.
func wrongAt(t *testing.T, server string, ahead time.Duration) *settledStore {
	t.Helper()
	schema := sqltest.NewSchema(t, server)
	schema.URL = schema.WithClock(t, ahead)
	s, err := sqlstore.OpenPostgres(t.Context(), schema.URL)
	must.Do(t, err)
	t.Cleanup(func() { must.Do(t, s.Close()) })
	return &settledStore{Store: s, Schema: schema}
}

// What became of a transaction stands there for an hour by the clock of the database,
// however wrong that of the server is which drops what is old: of servers whose
// clocks differ by hours, one dropped what another one was about to look up.
func TestProofsFollowTheDatabasesClock(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		for _, ahead := range []time.Duration{-3 * time.Hour, 3 * time.Hour} {
			s := wrongAt(t, server, ahead)
			now := time.Now().Add(ahead)
			if off := s.Ahead() - ahead; off.Abs() > time.Minute {
				t.Errorf("the database is %v ahead, and taken to be %v", ahead, s.Ahead())
			}
			dated := func(id string, at time.Time) {
				_, err := s.Admin.Exec(t.Context(), "INSERT INTO commits (id, at, names) VALUES ($1, $2, '')", id, at.UnixNano())
				must.Do(t, err)
			}
			dated("young", now.Add(-59*time.Minute))
			dated("old", now.Add(-61*time.Minute))
			o := vault.Object{Ref: sink(1)}
			for range 3 * 64 { // old ones are looked for every 64 commits
				must.Do(t, s.Update(t.Context(), func(tx vault.Tx) error { return tx.PutObject(&o) }))
			}
			rows, err := s.Admin.Query(t.Context(), "SELECT id FROM commits WHERE id IN ('young', 'old')")
			must.Do(t, err)
			left, err := pgx.CollectRows(rows, pgx.RowTo[string])
			must.Do(t, err)
			if !slices.Equal(left, []string{"young"}) {
				t.Errorf("the database is %v ahead: %q are left, want the young one", ahead, left)
			}
			var written, strange int
			must.Do(t, s.Admin.QueryRow(t.Context(), "SELECT count(*), count(*) FILTER (WHERE abs(at - $1) > 600e9) FROM commits WHERE id NOT IN ('young', 'old')", now.UnixNano()).Scan(&written, &strange))
			if written < 3*64 || strange > 0 {
				t.Errorf("the database is %v ahead: of %d rows %d have another date than its own", ahead, written, strange)
			}
		}
	})
}

// A feed that was not read for so long that rows may have been dropped meanwhile
// says that anything may have changed.
func TestAFeedThatSlept(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		s := postgresAt(t, server)
		feed := feedOf(t, s.Store)
		feed.want(vault.Changes{})
		feed.Slept(time.Hour)
		feed.want(vault.Changes{All: true})
		feed.want(vault.Changes{})
	})
}
