package backup

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/must"
	"certwright/internal/seal"
	"certwright/internal/store/sqlstore"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// ofSchema6 is a data folder as the last program with schema 6 left it.
func ofSchema6(t *testing.T) (data string) {
	t.Helper()
	from, data := filepath.Join("..", "store", "sqlstore", "testdata", "schema6"), t.TempDir()
	packed, err := os.Open(filepath.Join(from, "certwright.db.gz"))
	must.Do(t, err)
	defer packed.Close()
	text, err := gzip.NewReader(packed)
	must.Do(t, err)
	database, err := io.ReadAll(text)
	must.Do(t, err)
	keyset, err := os.ReadFile(filepath.Join(from, seal.File))
	must.Do(t, err)
	must.Do(t, errors.Join(os.WriteFile(filepath.Join(data, sqlstore.File), database, 0o600), os.WriteFile(filepath.Join(data, seal.File), keyset, 0o600)))
	return data
}

// openedIn opens every seal of a vault's latest versions, and returns how many.
func openedIn(t *testing.T, store vault.Store, keyset string) (n int) {
	t.Helper()
	keys, _, err := seal.Open(t.Context(), store, keyset)
	must.Do(t, err)
	must.Do(t, store.View(t.Context(), func(r vault.Reader) error {
		all, err := r.AllObjects(vault.Ref{}, 10_000)
		for _, o := range all {
			if o.Latest == "" || o.Pending() || !o.Kind.Public() || o.Vault == "seeded" { // where nothing is sealed
				continue
			}
			v, err := r.Version(o.Ref, o.Latest)
			if err != nil {
				return fmt.Errorf("%s: %w", o.Ref, err)
			}
			for _, s := range v.Seals() {
				if _, err := keys.Open(*s.Value, s.Binding); err != nil {
					t.Errorf("%s %s: %v", o.Ref, s.Part, err)
				}
				n++
			}
		}
		return err
	}))
	return n
}

// A backup that a program of long ago made is restored into PostgreSQL with all
// that is in it, as it is into a folder.
func TestOlderBackupIntoPostgres(t *testing.T) {
	t.Parallel()
	url := sqltest.NewSchema(t, sqltest.Postgres(t)[0]).URL
	made := take(t, Request{Data: ofSchema6(t), WithKeyset: true})
	if made.Schema != 6 || !made.Opened {
		t.Fatalf("%+v", made)
	}
	folder, beside := t.TempDir(), t.TempDir()
	if done, err := Restore(t.Context(), Restoration{From: made.File, Data: folder}); err != nil || !done.Opened {
		t.Fatalf("into a folder: %+v, %v", done, err)
	}
	if done, err := Restore(t.Context(), Restoration{From: made.File, Data: beside, Store: url}); err != nil || !done.Opened {
		t.Fatalf("into PostgreSQL: %+v, %v", done, err)
	}
	file, err := sqlstore.Open(t.Context(), filepath.Join(folder, sqlstore.File))
	must.Do(t, err)
	defer file.Close()
	shared, err := sqlstore.OpenPostgres(t.Context(), url)
	must.Do(t, err)
	defer shared.Close()
	want, got := openedIn(t, file, filepath.Join(folder, seal.File)), openedIn(t, shared, filepath.Join(beside, seal.File))
	if want < 10 || got != want {
		t.Errorf("%d seals opened in PostgreSQL, %d in the folder", got, want)
	}
}

// A backup of a later program whose schema only added to this one's is restored
// into a folder, and into PostgreSQL by that program alone: columns would stay
// behind. One of a schema that contracted is refused, each with what leads out.
func TestLaterBackup(t *testing.T) {
	t.Parallel()
	url := sqltest.NewSchema(t, sqltest.Postgres(t)[0]).URL
	data, store := newFolder(t)
	_, known := store.Schema()
	must.Do(t, store.Close())
	as := func(least int64) string {
		alter(t, data, fmt.Sprintf("INSERT INTO settings (key, value) VALUES ('schema.min_reader', '%d') ON CONFLICT (key) DO UPDATE SET value = excluded.value; PRAGMA user_version = %d", least, known+1))
		made, err := Take(t.Context(), Request{Data: data, To: t.TempDir(), WithKeyset: true})
		if err != nil {
			return err.Error()
		}
		for _, to := range []string{"", url} {
			_, err := Restore(t.Context(), Restoration{From: made.File, Data: t.TempDir(), Store: to})
			if to == "" && err != nil {
				t.Errorf("into a folder: %v", err)
			}
			if to != "" && (err == nil || !strings.Contains(err.Error(), "\nhint: do it with the newer certwright")) {
				t.Errorf("into PostgreSQL: %v", err)
			}
		}
		return ""
	}
	if said := as(known); said != "" {
		t.Errorf("it was expanded: %s", said)
	}
	if said := as(known + 1); !strings.Contains(said, "a newer program") || !strings.Contains(said, "\nhint: start the newer certwright") {
		t.Errorf("it was contracted: %q", said)
	}
}
