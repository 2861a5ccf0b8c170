// Package sqltest opens databases for tests: the real store, empty, in a folder
// of the test, closed when the test is over.
package sqltest

import (
	"context"
	"path/filepath"
	"testing"

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
	store, err := sqlstore.Open(context.Background(), filepath.Join(t.TempDir(), "certwright.db"))
	must.Do(t, err)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	_, err = store.Bind(context.Background(), Keys, false)
	must.Do(t, err)
	return store
}

// Accounts are sealed rows in a database of their own, as issuers keep them.
func Accounts(t testing.TB) account.Book {
	t.Helper()
	keys, err := seal.New()
	must.Do(t, err)
	return account.Book{Store: Open(t), Sealer: keys}
}
