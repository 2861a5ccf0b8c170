// Package sqltest opens databases for tests: the real store, empty, in a folder
// of the test, closed when the test is over.
package sqltest

import (
	"context"
	"database/sql"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"certwright/internal/account"
	"certwright/internal/must"
	"certwright/internal/seal"
	"certwright/internal/store/sqlstore"
	"certwright/internal/vault"
)

// Keys are those that Open binds databases to.
var Keys = vault.RowKeys{Primary: 1, Keys: map[uint32][]byte{1: []byte("thirty-two bytes for tests alone")}}

// Open opens a database of the test's own, whose rows must bear their seals.
func Open(t testing.TB) *sqlstore.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "certwright.db")
	store, err := sqlstore.Open(context.Background(), path)
	must.Do(t, err)
	paths.Store(store, path)
	t.Cleanup(func() {
		paths.Delete(store)
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	_, err = store.Bind(context.Background(), Keys, false)
	must.Do(t, err)
	return store
}

// paths are where the databases of Open lie.
var paths sync.Map

// Alter runs SQL on a database of Open, as something else than a server would.
func Alter(t testing.TB, store vault.Store, text string) {
	t.Helper()
	path, ok := paths.Load(store)
	if !ok {
		t.Fatal("the store is none of Open's")
	}
	db, err := sql.Open("sqlite", path.(string))
	must.Do(t, err)
	defer db.Close()
	result, err := db.Exec(text)
	must.Do(t, err)
	if n, err := result.RowsAffected(); n == 0 || err != nil {
		t.Fatalf("nothing was changed: %s, %v", text, err)
	}
}

// Dated are rows whose clock is ahead of the process's, as another server's
// database may have it.
type Dated struct {
	vault.Accounts
	By time.Duration
}

// Ahead implements vault.Dated.
func (d Dated) Ahead() time.Duration { return d.By }

// Accounts are sealed rows in a database of their own, as issuers keep them.
func Accounts(t testing.TB) account.Book {
	t.Helper()
	keys, err := seal.New()
	must.Do(t, err)
	return account.Book{Store: Open(t), Sealer: keys}
}
