package sqlstore_test

import (
	"path/filepath"
	"testing"

	"certwright/internal/store/sqlstore"
	"certwright/internal/store/storetest"
	"certwright/internal/vault"
)

// open returns an empty store in a folder of its own.
func open(t testing.TB) *sqlstore.Store {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "certwright.db"))
}

func openAt(t testing.TB, path string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), path)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// rowKeys are those that tests bind databases to.
var rowKeys = vault.RowKeys{Primary: 7, Keys: map[uint32][]byte{7: []byte("thirty-two bytes for tests alone")}}

// bound binds a store, as a server does, so that every row that is used is proved.
func bound(t testing.TB, s *sqlstore.Store) *sqlstore.Store {
	t.Helper()
	if _, err := s.Bind(t.Context(), rowKeys, false); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) vault.Store { return bound(t, open(t)) })
}
