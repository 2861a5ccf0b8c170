package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/store/sqlstore"
	"certwright/internal/vault"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func ref(name string) vault.Ref {
	return vault.Ref{Vault: "web", Kind: vault.Certificates, Name: name}
}

func update(t testing.TB, s vault.Store, fn func(vault.Tx) error) {
	t.Helper()
	if err := s.Update(context.Background(), fn); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

func setting(s vault.Store, key string) (value string, err error) {
	err = s.View(context.Background(), func(r vault.Reader) (err error) {
		value, err = r.Setting(key)
		return err
	})
	return value, err
}

// raw opens the file past the store.
func raw(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func execRaw(t testing.TB, path, text string) {
	t.Helper()
	db := raw(t, path)
	if _, err := db.Exec(text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpenAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "certwright.db")
	for n := range 3 {
		s := openAt(t, path)
		if n > 0 {
			if got, err := setting(s, "n"); err != nil || got != fmt.Sprint(n-1) {
				t.Errorf("opening %d: setting %q, %v", n, got, err)
			}
		}
		update(t, s, func(tx vault.Tx) error { return tx.PutSetting("n", fmt.Sprint(n)) })
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if stat, err := os.Stat(path + "-wal"); err != nil || stat.Size() > 0 {
			t.Errorf("after Close the log is %v, %v", stat, err)
		}
	}
}

// A current schema is not looked at by goose: its own table is not needed.
func TestOpenCurrentSchemaSkipsMigration(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "certwright.db")
	openAt(t, path).Close()
	execRaw(t, path, "DROP TABLE goose_db_version")
	s := openAt(t, path)
	update(t, s, func(tx vault.Tx) error { return tx.PutSetting("k", "v") })
}

// A first start that was cut off after the migration, or before it, goes on.
func TestOpenAfterACutOffFirstStart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "certwright.db")
	openAt(t, path).Close()
	execRaw(t, path, "PRAGMA user_version = 0") // written last
	s := openAt(t, path)
	update(t, s, func(tx vault.Tx) error { return tx.PutSetting("k", "v") })

	path = filepath.Join(t.TempDir(), "certwright.db")
	execRaw(t, path, "PRAGMA application_id = 0x43745772") // written first
	s = openAt(t, path)
	update(t, s, func(tx vault.Tx) error { return tx.PutSetting("k", "v") })
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		spoil func(t *testing.T, path string)
		want  error
	}{
		{"a newer database", func(t *testing.T, path string) {
			openAt(t, path).Close()
			execRaw(t, path, "PRAGMA user_version = 1000; UPDATE settings SET value = '1000' WHERE key = 'schema.min_reader'")
		}, sqlstore.ErrNewer},
		{"another program's database", func(t *testing.T, path string) {
			execRaw(t, path, "CREATE TABLE theirs (x)")
		}, sqlstore.ErrForeign},
		{"another program's mark", func(t *testing.T, path string) {
			execRaw(t, path, "PRAGMA application_id = 7")
		}, sqlstore.ErrForeign},
		{"no database", func(t *testing.T, path string) {
			os.WriteFile(path, []byte(strings.Repeat("not a database ", 1000)), 0o600)
		}, sqlstore.ErrForeign},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "certwright.db")
			tt.spoil(t, path)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s, err := sqlstore.Open(t.Context(), path)
			if err == nil {
				s.Close()
			}
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), "\nhint: ") {
				t.Fatalf("got %v, want %v and a hint", err, tt.want)
			}
			after, err := os.ReadFile(path)
			if err != nil || string(after) != string(before) {
				t.Errorf("Open changed the file that it refused (%v)", err)
			}
		})
	}
}

func TestOpenWhereItCannot(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{
		"a folder that is not there": filepath.Join(t.TempDir(), "none", "certwright.db"),
		"a folder":                   t.TempDir(),
	} {
		if s, err := sqlstore.Open(t.Context(), path); err == nil {
			s.Close()
			t.Errorf("opened %s", name)
		}
	}
}

// Letters that mean something in a URI mean nothing in a path.
func TestOpenOddPath(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a b?c=d&mode=memory#e%20f;ä+")
	if runtime.GOOS == "windows" {
		dir = filepath.Join(t.TempDir(), "a b&mode=memory#e%20f;ä+")
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "x%3F.db")
	s := openAt(t, path)
	update(t, s, func(tx vault.Tx) error { return tx.PutSetting("k", "v") })
	s.Close()
	if stat, err := os.Stat(path); err != nil || stat.Size() == 0 {
		t.Errorf("the file named: %v, %v", stat, err)
	}
	files, err := os.ReadDir(dir)
	for _, f := range files {
		if !strings.HasPrefix(f.Name(), "x%3F.db") {
			t.Errorf("there is %s", f.Name())
		}
	}
	if err != nil {
		t.Error(err)
	}
}

func TestFilesArePrivate(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permission bits")
	}
	path := filepath.Join(t.TempDir(), "certwright.db")
	s := openAt(t, path)
	update(t, s, func(tx vault.Tx) error { return tx.PutSetting("k", "v") })
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		stat, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if mode := stat.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %04o, want 0600", filepath.Base(name), mode)
		}
	}
}

// The process before is gone, and so are its leases.
func TestOpenEndsLeases(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "certwright.db")
	s := openAt(t, path)
	job := vault.Job{Kind: vault.JobIssue, Ref: ref("a"), Due: noon, Attempt: 2}
	update(t, s, func(tx vault.Tx) error {
		return tx.PutObject(&vault.Object{Ref: job.Ref, Jobs: map[vault.JobKind]time.Time{job.Kind: job.Due}, Attempt: job.Attempt})
	})
	before, err := s.Claim(t.Context(), noon, noon, time.Hour, 1)
	if err != nil || len(before) != 1 {
		t.Fatalf("Claim: %v, %v", before, err)
	}
	s.Close()
	s = openAt(t, path)
	after, err := s.Claim(t.Context(), noon, noon, time.Hour, 1)
	if err != nil || len(after) != 1 || after[0].Job != job {
		t.Fatalf("Claim after a restart: %v, %v", after, err)
	}
	if _, err := s.Extend(t.Context(), before[0], noon.Add(time.Hour)); !errors.Is(err, vault.ErrStale) {
		t.Errorf("Extend by the process before: %v", err)
	}
	err = s.Update(t.Context(), func(tx vault.Tx) error {
		o, err := tx.Object(job.Ref)
		return errors.Join(err, o.Finish(before[0]))
	})
	if !errors.Is(err, vault.ErrStale) {
		t.Errorf("Finish by the process before: %v", err)
	}
}

func TestIntegrityCheck(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "certwright.db")
	s := openAt(t, path)
	update(t, s, func(tx vault.Tx) error {
		for n := range 200 {
			v := vault.Version{ID: "x", Certificate: &vault.CertificateBody{Leaf: make([]byte, 2000)}}
			if err := putRecord(tx, fmt.Sprint("c", n), v); err != nil {
				return err
			}
		}
		return nil
	})
	if err := s.IntegrityCheck(t.Context()); err != nil {
		t.Errorf("a whole database: %v", err)
	}
	s.Close()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt(make([]byte, 3*4096), 40*4096); err != nil {
		t.Fatal(err)
	}
	file.Close()
	s = openAt(t, path)
	if err := s.IntegrityCheck(t.Context()); err == nil {
		t.Error("a database with three empty pages passed")
	}
}

// The store works in virtual time: nothing in it waits for the clock.
func TestVirtualTime(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "certwright.db")
	synctest.Test(t, func(t *testing.T) {
		s, err := sqlstore.Open(context.Background(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		update(t, s, func(tx vault.Tx) error {
			return tx.PutObject(&vault.Object{Ref: ref("a"), Jobs: map[vault.JobKind]time.Time{vault.JobIssue: time.Now().Add(240 * time.Hour)}})
		})
		for days := 0; ; days++ {
			leases, err := s.Claim(context.Background(), time.Now(), time.Now(), time.Minute, 1)
			if err != nil {
				t.Fatal(err)
			}
			if len(leases) == 1 {
				if days != 10 {
					t.Errorf("claimed after %d days, want 10", days)
				}
				return
			}
			if days > 10 {
				t.Fatal("never claimed")
			}
			time.Sleep(24 * time.Hour)
		}
	})
}
