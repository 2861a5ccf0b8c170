package sqlstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"certwright/internal/store/sqlstore"
	"certwright/internal/vault"
)

// A database keeps its id, and its generation goes up at both ends of a run.
func TestIdentity(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "certwright.db")
	open := func(want sqlstore.Identity) *sqlstore.Store {
		t.Helper()
		s, err := sqlstore.Open(t.Context(), path, func(got sqlstore.Identity) error {
			if got != want {
				t.Errorf("accepted %+v, want %+v", got, want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open(sqlstore.Identity{Empty: true})
	first := s.Identity()
	if len(first.ID) != 32 || first.Generation != 1 {
		t.Errorf("a new one is %+v", first)
	}
	update(t, s, func(tx vault.Tx) error { return tx.PutAccount(vault.Account{ID: "a", Body: vault.Sealed("x")}) })
	s.Close()
	if got := s.Identity(); got.ID != first.ID || got.Generation != 2 {
		t.Errorf("once closed it is %+v", got)
	}
	open(sqlstore.Identity{ID: first.ID, Generation: 2}).Close()
	other := openAt(t, filepath.Join(t.TempDir(), "certwright.db"))
	if other.Identity().ID == first.ID {
		t.Error("two databases have one id")
	}
}

// A database that is refused stays as it was, with the log of a killed process.
func TestARefusedDatabaseStays(t *testing.T) {
	t.Parallel()
	path, there := filepath.Join(t.TempDir(), "certwright.db"), filepath.Join(t.TempDir(), "certwright.db")
	s := openAt(t, there)
	update(t, s, func(tx vault.Tx) error { return tx.PutSetting("k", "v") })
	contents := func(path string) (all string) {
		for _, end := range []string{"", "-wal"} {
			text, err := os.ReadFile(path + end)
			if err != nil {
				t.Fatal(err)
			}
			all += string(text)
		}
		return all
	}
	for _, end := range []string{"", "-wal"} {
		text, err := os.ReadFile(there + end)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+end, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	no := errors.New("no")
	if _, err := sqlstore.Open(t.Context(), path, func(sqlstore.Identity) error { return no }); !errors.Is(err, no) || contents(path) != contents(there) {
		t.Errorf("%v, or the database changed", err)
	}
	execRaw(t, there, "PRAGMA user_version = 1000") // into its log, while it is open
	for _, end := range []string{"", "-wal"} {
		text, _ := os.ReadFile(there + end)
		if err := os.WriteFile(path+end, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := sqlstore.Open(t.Context(), path); !errors.Is(err, sqlstore.ErrNewer) {
		t.Errorf("a newer one: %v", err)
	}
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() == 0 {
		t.Errorf("the log of a newer one is gone: %v, %v", info, err)
	}
}
