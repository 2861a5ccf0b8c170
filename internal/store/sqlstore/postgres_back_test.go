package sqlstore_test

import (
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// A store that could not reach its database says so, and that it can again.
func TestDatabaseIsBack(t *testing.T) {
	t.Parallel()
	postgres := sqltest.NewServer(t, sqltest.Postgres(t)[0])
	s, err := sqlstore.OpenPostgres(t.Context(), postgres.URL())
	must.Do(t, err)
	defer s.Close()
	told := make(chan *vault.StorageError, 100)
	s.OnTrouble(func(now *vault.StorageError) { told <- now })
	postgres.Stop(sqltest.Immediately)
	for s.Trouble() == nil {
		_ = s.View(t.Context(), func(r vault.Reader) error { _, err := r.Contacts("v"); return err })
	}
	if now := <-told; now == nil || now.Fault != vault.DatabaseAway {
		t.Errorf("told %v", now)
	}
	postgres.Start()
	if now := <-told; now != nil || s.Trouble() != nil {
		t.Errorf("told %v", now)
	}
	must.Do(t, countUp(t.Context(), s, sink(1)))
}

// A database that is gone without a word, as where its machine lost its power, is
// not waited for for ever: what was under way is done on a new connection.
func TestDatabaseFallsSilent(t *testing.T) {
	t.Parallel()
	schema := sqltest.NewSchema(t, sqltest.Postgres(t)[0])
	host := strings.Split(strings.TrimPrefix(schema.URL, "postgres://certwright@"), "/")[0]
	way := sqltest.Lay(t, host)
	opened, err := sqlstore.OpenPostgres(t.Context(), strings.Replace(schema.URL, host, way.Name(), 1))
	must.Do(t, err)
	defer opened.Close()
	s := &settledStore{Store: opened, Schema: schema} // what fell silent may hold a transaction until it is ended
	read := func() error {
		return s.View(t.Context(), func(r vault.Reader) error { _, err := r.Outbox("", vault.Delivered, 0, 1); return err })
	}
	must.Do(t, countUp(t.Context(), s, sink(1)))
	must.Do(t, read())
	way.Silence(true)
	way.Silence(false) // new connections find it
	began, wrote := time.Now(), make(chan error)
	go func() { wrote <- countUp(t.Context(), s, sink(1)) }()
	if err := read(); err != nil {
		t.Errorf("a read: %v", err)
	}
	if err := <-wrote; err != nil {
		t.Errorf("a write: %v", err)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it took %v", took)
	}
	if sum, messages := counts(t, s, 2); sum != 2 || messages != 2 {
		t.Errorf("%d counted, %d messages, want 2", sum, messages)
	}
}
