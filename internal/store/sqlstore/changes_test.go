package sqlstore_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// A reading is a feed that a test reads.
type reading struct {
	*sqlstore.Feed
	t *testing.T
}

// feedOf is the feed of a store, read once.
func feedOf(t *testing.T, s *sqlstore.Store) reading {
	t.Helper()
	r := reading{s.Feed(), t}
	t.Cleanup(r.Close)
	r.want(vault.Changes{All: true})
	return r
}

// want reads what changed since the last time.
func (r reading) want(c vault.Changes) {
	r.t.Helper()
	got, err := r.Next(context.Background())
	must.Do(r.t, err)
	slices.Sort(got.Names)
	if diff := cmp.Diff(c, got); diff != "" {
		r.t.Errorf("what changed (-want +got):\n%s", diff)
	}
}

func names(all ...string) vault.Changes { return vault.Changes{Names: all} }

// besideAt opens another store on the schema of one.
func besideAt(t *testing.T, schema sqltest.Schema) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.OpenPostgres(t.Context(), schema.URL)
	must.Do(t, err)
	t.Cleanup(func() { must.Do(t, s.Close()) })
	return s
}

// Each server hears once of each name and account that another one changed, and of
// nothing that was undone.
func TestChanges(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		one := postgresAt(t, server)
		two := besideAt(t, one.Schema)
		feed, other := feedOf(t, two), feedOf(t, one.Store)
		feed.want(vault.Changes{})
		update := func(fn func(tx vault.Tx) error) {
			t.Helper()
			must.Do(t, one.Update(t.Context(), fn))
		}
		o := vault.Object{Ref: vault.Ref{Vault: "web", Kind: vault.Certificates, Name: "Shop"}}
		update(func(tx vault.Tx) error { return tx.PutObject(&o) })
		feed.want(names("web/shop"))
		feed.want(vault.Changes{})
		v := vault.Version{Ref: o.Ref, ID: "1", Certificate: &vault.CertificateBody{}, Key: &vault.KeyBody{}}
		update(func(tx vault.Tx) error { return tx.PutVersion(v) })
		feed.want(names("web/shop"))
		update(func(tx vault.Tx) error {
			return tx.UpdateVersion(o.Ref.As(vault.Secrets), "1", vault.Attributes{}, nil)
		})
		feed.want(names("web/shop"))
		update(func(tx vault.Tx) error { return tx.PutAccount(vault.Account{ID: "token/keys"}) })
		feed.want(vault.Changes{Accounts: []string{"token/keys"}})
		if err := one.Update(t.Context(), func(tx vault.Tx) error {
			key := vault.Object{Ref: vault.Ref{Vault: "web", Kind: vault.Keys, Name: "undone"}}
			must.Do(t, tx.PutObject(&key))
			return context.DeadlineExceeded
		}); err != context.DeadlineExceeded {
			t.Fatal(err)
		}
		update(func(tx vault.Tx) error { return tx.PutSetting("x", "y") })
		feed.want(vault.Changes{})
		update(func(tx vault.Tx) error { return tx.DeleteVersion(o.Ref, "1") })
		update(func(tx vault.Tx) error { return tx.Purge(o) })
		feed.want(names("web/shop", "web/shop"))
		must.Do(t, one.Reset(t.Context()))
		feed.want(vault.Changes{All: true})
		other.want(vault.Changes{All: true, Names: []string{"web/shop", "web/shop", "web/shop", "web/shop", "web/shop"}, Accounts: []string{"token/keys"}})
	})
}

// Who changes more names than a row has room for is taken to have changed anything.
func TestManyChanges(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		s := postgresAt(t, server)
		feed := feedOf(t, s.Store)
		must.Do(t, s.Update(t.Context(), func(tx vault.Tx) error {
			for n := range 200 {
				o := vault.Object{Ref: vault.Ref{Vault: "web", Kind: vault.Secrets, Name: fmt.Sprintf("%s%d", strings.Repeat("long", 25), n)}}
				if err := tx.PutObject(&o); err != nil {
					return err
				}
			}
			return nil
		}))
		feed.want(vault.Changes{All: true})
	})
}

// A transaction that commits after a later one is not passed by, and one that goes
// on for long holds nobody back. What an older program wrote may be anything.
func TestLateChanges(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		s := postgresAt(t, server)
		late, err := pgx.Connect(t.Context(), s.URL)
		must.Do(t, err)
		defer late.Close(context.Background())
		run := func(text string) {
			t.Helper()
			_, err := late.Exec(t.Context(), text)
			must.Do(t, err)
		}
		feed := feedOf(t, s.Store)
		run("BEGIN")
		run("INSERT INTO commits (id, at, names) VALUES ('late', 1, 'web/late')")
		for n := range 3 {
			o := vault.Object{Ref: vault.Ref{Vault: "web", Kind: vault.Secrets, Name: fmt.Sprint("early", n)}}
			must.Do(t, s.Update(t.Context(), func(tx vault.Tx) error { return tx.PutObject(&o) }))
			feed.want(names(fmt.Sprint("web/early", n)))
		}
		feed.want(vault.Changes{})
		run("COMMIT")
		feed.want(names("web/late"))
		feed.want(vault.Changes{})
		run("INSERT INTO commits (id, at) VALUES ('before', 1)")
		feed.want(vault.Changes{All: true})
		feed.want(vault.Changes{})
	})
}

// A feed that lost its connection says so, and then begins anew with everything.
func TestChangesAfterALostConnection(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		s := postgresAt(t, server)
		feed := feedOf(t, s.Store)
		feed.want(vault.Changes{})
		tag, err := s.Admin.Exec(t.Context(), "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = $1", s.Name)
		must.Do(t, err)
		if tag.RowsAffected() == 0 {
			t.Fatal("no connection was cut")
		}
		if _, err := feed.Next(t.Context()); err == nil {
			t.Error("it reads over a connection that was cut")
		}
		feed.want(vault.Changes{All: true})
		feed.want(vault.Changes{})
	})
}

// Looking for what changed stays quick while old rows lie there.
func TestChangesAreFoundByTheirIndex(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		s := postgresAt(t, server)
		_, err := s.Admin.Exec(t.Context(), "INSERT INTO commits (id, at, names) SELECT 'old' || n, 1, 'web/old' FROM generate_series(1, 50000) AS n")
		must.Do(t, err)
		_, err = s.Admin.Exec(t.Context(), "ANALYZE commits")
		must.Do(t, err)
		var at string
		for old := false; !old; { // once other tests' transactions that are older have ended
			must.Do(t, s.Admin.QueryRow(t.Context(), "SELECT CAST(pg_current_snapshot() AS TEXT), max(xid) < pg_snapshot_xmin(pg_current_snapshot()) FROM commits").Scan(&at, &old))
		}
		rows, err := s.Admin.Query(t.Context(), "EXPLAIN "+sqlstore.ChangesText, at)
		must.Do(t, err)
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		must.Do(t, err)
		if text := strings.Join(plan, "\n"); !strings.Contains(text, "commits_xid") || strings.Contains(text, "Seq Scan on commits") {
			t.Errorf("the plan is\n%s", text)
		}
		feed := feedOf(t, s.Store)
		began := time.Now()
		for range 20 {
			feed.want(vault.Changes{})
		}
		t.Logf("%v for one look", time.Since(began)/20)
	})
}
