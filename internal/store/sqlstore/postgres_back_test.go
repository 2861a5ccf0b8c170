package sqlstore_test

import (
	"testing"

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
