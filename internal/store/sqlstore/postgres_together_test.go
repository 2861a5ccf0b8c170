package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"certwright/internal/must"
	"certwright/internal/store/pgdriver"
	"certwright/internal/store/sqlstore"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// A countedConn counts what is sent.
type countedConn struct {
	net.Conn
	sent *atomic.Int64
}

func (c countedConn) Write(p []byte) (int, error) {
	c.sent.Add(1)
	return c.Conn.Write(p)
}

// countedAt opens an empty store that counts how often something is sent to the
// server.
func countedAt(t *testing.T, server string) (*sqlstore.Store, *atomic.Int64) {
	t.Helper()
	config, err := pgconn.ParseConfig(sqltest.NewSchema(t, server).URL)
	must.Do(t, err)
	sent := new(atomic.Int64)
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		return countedConn{c, sent}, err
	}
	s, err := sqlstore.StartPostgres(t.Context(), sql.OpenDB(pgdriver.Connector{Config: config}))
	must.Do(t, err)
	t.Cleanup(func() { must.Do(t, s.Close()) })
	return s, sent
}

// All that a transaction writes goes to the server at once, then the commit;
// what only reads begins with its first statement, and waits for no end.
func TestStatementsGoTogether(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		s, sent := countedAt(t, server)
		n := 0
		create := func() {
			n++
			must.Do(t, s.Update(t.Context(), func(tx vault.Tx) error {
				o := vault.Object{Ref: vault.Ref{Vault: "web", Kind: vault.Certificates, Name: fmt.Sprint("c", n)}, Latest: "1"}
				v := vault.Version{Ref: o.Ref, ID: "1", Secret: &vault.SecretBody{Value: vault.Sealed("x")}}
				m := vault.Message{Topic: "t", Ref: o.Ref}
				return errors.Join(tx.PutObject(&o), tx.PutVersion(v), tx.Append(m), tx.PutObject(&o))
			}))
		}
		read := func() {
			must.Do(t, s.View(t.Context(), func(r vault.Reader) error {
				_, err := r.Object(vault.Ref{Vault: "web", Kind: vault.Certificates, Name: "c1"})
				return err
			}))
		}
		revision := func() {
			_, err := s.Revision(t.Context(), vault.Ref{Vault: "web", Kind: vault.Certificates, Name: "c1"})
			must.Do(t, err)
		}
		for _, c := range []struct {
			what string
			do   func()
			want int64
		}{
			{"a transaction of five writes", create, 2},
			{"a snapshot of one read", read, 2},
			{"a revision", revision, 1},
			{"nothing", func() {
				must.Do(t, errors.Join(s.Update(t.Context(), func(vault.Tx) error { return nil }), s.View(t.Context(), func(vault.Reader) error { return nil })))
			}, 0},
		} {
			c.do() // prepares
			before := sent.Load()
			c.do()
			if got := sent.Load() - before; got != c.want {
				t.Errorf("%s: sent %d times, want %d", c.what, got, c.want)
			}
		}
	})
}

// Updates that share a commit do not depend on each other: of those that write
// beside what others write, each hears whether it is stale, taken or refused, and
// the others are kept, once.
func TestDoubtsAmongKept(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		s := postgresAt(t, server)
		refused := errors.New("refused")
		gone := vault.Object{Ref: sink(1000), Rev: 7}
		const each, rounds = 4, 10
		var all sync.WaitGroup
		want := func(what string, want error, fn func(vault.Tx) error) {
			all.Go(func() {
				for range rounds {
					if err := s.Store.Update(t.Context(), fn); !errors.Is(err, want) {
						t.Errorf("%s: %v", what, err)
					}
				}
			})
		}
		for n := range each {
			want("kept", nil, func(tx vault.Tx) error {
				o, err := tx.Object(sink(n))
				if err != nil && !errors.Is(err, vault.ErrNotFound) {
					return err
				}
				o.Ref = sink(n)
				o.Attempt++
				return errors.Join(tx.Append(vault.Message{Topic: "count"}), tx.PutObject(&o))
			})
			want("stale", vault.ErrStale, func(tx vault.Tx) error {
				o := gone
				return errors.Join(tx.Append(vault.Message{Topic: "stale"}), tx.PutObject(&o))
			})
			want("stale, and read after", vault.ErrStale, func(tx vault.Tx) error {
				o := gone
				err := tx.PutObject(&o)
				if _, failed := tx.Setting("none"); !errors.Is(failed, vault.ErrNotFound) && err == nil {
					return nil // it does not matter what it says: it cannot stay
				}
				return err
			})
			want("refused", refused, func(tx vault.Tx) error {
				return errors.Join(tx.Append(vault.Message{Topic: "refused"}), refused)
			})
			want("of nothing", vault.ErrNotFound, func(tx vault.Tx) error {
				return errors.Join(tx.Append(vault.Message{Topic: "of nothing"}), tx.PutMessage(vault.Message{Seq: 1 << 40}))
			})
		}
		all.Wait()
		if sum, messages := counts(t, s, each); sum != each*rounds || messages != each*rounds {
			t.Errorf("%d counted, %d messages, want %d", sum, messages, each*rounds)
		}
	})
}

// A connection that was lost while nobody used it is nobody's failure.
func TestReadsAfterACut(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		s := postgresAt(t, server)
		must.Do(t, countUp(t.Context(), s.Store, sink(1)))
		for range 3 {
			for _, read := range []func() error{
				func() error {
					return s.Store.View(t.Context(), func(r vault.Reader) error { _, err := r.Object(sink(1)); return err })
				},
				func() error {
					rev, err := s.Store.Revision(t.Context(), sink(1))
					if rev == 0 && err == nil {
						err = errors.New("no revision")
					}
					return err
				},
			} {
				must.Do(t, read())
				n, err := s.Cut(t.Context())
				must.Do(t, err)
				if n == 0 {
					t.Error("nothing was cut")
				}
				must.Do(t, read())
			}
		}
	})
}

// A commit that takes long holds up nobody but those who share it.
func TestCommitsOverlap(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		s := postgresAt(t, server)
		for _, text := range []string{
			`CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext(current_schema())); RETURN NULL; END $$`,
			`CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON settings DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (new.key = 'slow') EXECUTE FUNCTION wait()`,
			`SELECT pg_advisory_lock(hashtext(current_schema()))`,
		} {
			_, err := s.Admin.Exec(t.Context(), text)
			must.Do(t, err)
		}
		slow := make(chan error, 1)
		go func() {
			slow <- s.Store.Update(t.Context(), func(tx vault.Tx) error { return tx.PutSetting("slow", "v") })
		}()
		waiting(t, s.Schema, "advisory", 1)
		for n := range 5 {
			must.Do(t, countUp(t.Context(), s.Store, sink(n)))
		}
		if len(slow) > 0 {
			t.Error("answered before its commit")
		}
		_, err := s.Admin.Exec(t.Context(), "SELECT pg_advisory_unlock_all()")
		must.Do(t, err)
		must.Do(t, <-slow)
	})
}
