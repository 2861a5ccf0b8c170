package sqlstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// A row that somebody else has locked for long holds up nobody but who wants it,
// and that one is told to come back; once the row is free all goes on.
func TestRowIsLockedForLong(t *testing.T) {
	t.Parallel()
	s := postgresAt(t, sqltest.Postgres(t)[0])
	must.Do(t, countUp(t.Context(), s.Store, sink(1)))
	held, err := s.Admin.Begin(t.Context())
	must.Do(t, err)
	_, err = held.Exec(t.Context(), "SELECT 1 FROM objects FOR UPDATE")
	must.Do(t, err)
	locked := make(chan error)
	go func() { locked <- countUp(t.Context(), s.Store, sink(1)) }()
	began := time.Now()
	must.Do(t, countUp(t.Context(), s.Store, sink(2)))
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("another name waited for %v", took)
	}
	var slow *vault.StorageError
	if err := <-locked; !errors.As(err, &slow) || slow.Fault != vault.DatabaseSlow {
		t.Errorf("who wanted it is told %v", err)
	}
	if s.Trouble() != nil {
		t.Errorf("the store takes nobody in: %v", s.Trouble())
	}
	must.Do(t, held.Commit(t.Context()))
	must.Do(t, countUp(t.Context(), s.Store, sink(1)))
}

// A statement that takes too long is ended, and what comes after it is done.
func TestStatementTakesTooLong(t *testing.T) {
	t.Parallel()
	s := postgresAt(t, sqltest.Postgres(t)[0])
	for _, text := range []string{"CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(100); RETURN NEW; END $$",
		"CREATE TRIGGER wait BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION wait()"} {
		_, err := s.Admin.Exec(t.Context(), text)
		must.Do(t, err)
	}
	began := time.Now()
	err := s.Store.Update(t.Context(), func(tx vault.Tx) error { return tx.PutContacts("v", nil) })
	var slow *vault.StorageError
	if took := time.Since(began); !errors.As(err, &slow) || slow.Fault != vault.DatabaseSlow || took > 100*time.Second { // alone, once more
		t.Errorf("after %v: %v", took, err)
	}
	must.Do(t, countUp(t.Context(), s.Store, sink(1)))
}

// A server that stands still in the midst of a transaction, as one does whose
// machine is suspended, does not keep its locks.
func TestTransactionStandsStill(t *testing.T) {
	t.Parallel()
	s := postgresAt(t, sqltest.Postgres(t)[0])
	must.Do(t, countUp(t.Context(), s.Store, sink(1)))
	first, still := true, make(chan struct{})
	stood := make(chan error)
	go func() {
		stood <- s.Store.Update(t.Context(), func(tx vault.Tx) error {
			o, err := tx.Object(sink(1))
			if err != nil {
				return err
			}
			o.Attempt += 100
			if err := tx.PutObject(&o); err != nil {
				return err
			}
			_, err = tx.Object(sink(1)) // what was put has been sent by now
			if first && err == nil {
				first = false
				<-still
			}
			return err
		})
	}()
	other, err := pgx.Connect(t.Context(), strings.Replace(s.URL, "application_name="+s.Name, "application_name=other", 1))
	must.Do(t, err)
	defer other.Close(context.Background())
	for free := false; !free; {
		_, err := other.Exec(t.Context(), "SET lock_timeout = '1s'; SELECT 1 FROM objects FOR UPDATE")
		free = err == nil
		var idle int
		must.Do(t, s.Admin.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND state = 'idle in transaction'", s.Name).Scan(&idle))
		free = free && idle == 0
	}
	close(still)
	must.Do(t, <-stood)
	if sum, _ := counts(t, s, 2); sum != 101 {
		t.Errorf("counted %d, want 101", sum)
	}
}
