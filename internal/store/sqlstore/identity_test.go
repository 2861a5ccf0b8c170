package sqlstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"certwright/internal/must"
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
	execRaw(t, there, "PRAGMA user_version = 1000; UPDATE settings SET value = '1000' WHERE key = 'schema.min_reader'") // into its log, while it is open
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

// A process that was killed before its database had a log leaves the journal of
// half a transaction, which is undone.
func TestOpenUndoesAHalfTransaction(t *testing.T) {
	t.Parallel()
	from, path := filepath.Join(t.TempDir(), "certwright.db"), filepath.Join(t.TempDir(), "certwright.db")
	openAt(t, from).Close()
	db := raw(t, from)
	db.SetMaxOpenConns(1)
	for _, text := range []string{
		"PRAGMA journal_mode = DELETE", "PRAGMA cache_size = 1", "BEGIN",
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO settings (key, value) SELECT 'half' || i, hex(zeroblob(200)) FROM n",
	} {
		if _, err := db.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	for _, end := range []string{"", "-journal"} {
		text, err := os.ReadFile(from + end)
		must.Do(t, err)
		must.Do(t, os.WriteFile(path+end, text, 0o600))
	}
	asked := 0
	s, err := sqlstore.Open(t.Context(), path, func(id sqlstore.Identity) error {
		if asked++; id.Generation != 2 {
			t.Errorf("accepted %+v", id)
		}
		return nil
	})
	must.Do(t, err)
	defer s.Close()
	if _, err := setting(s, "half1"); !errors.Is(err, vault.ErrNotFound) || asked != 1 {
		t.Errorf("half a transaction is there: %v, asked %d times", err, asked)
	}
}
