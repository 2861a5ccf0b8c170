package sqlstore

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/must"
	"certwright/internal/vault"
)

// copied opens a copy of the database's main file alone, as a backup that
// knows nothing of SQLite makes it.
func copied(t *testing.T, path string) *Store {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	copyFile(t, path, to)
	s, err := Open(context.Background(), to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func putSettings(t *testing.T, s *Store, n int) {
	t.Helper()
	for i := range n {
		if err := s.Update(context.Background(), func(tx vault.Tx) error { return tx.PutSetting(fmt.Sprint("k", i), "v") }); err != nil {
			t.Fatal(err)
		}
	}
}

func settingsThere(s *Store, n int) (there int) {
	_ = s.View(context.Background(), func(r vault.Reader) error {
		for i := range n {
			if _, err := r.Setting(fmt.Sprint("k", i)); err == nil {
				there++
			}
		}
		return nil
	})
	return there
}

// Some seconds after the last write all of it lies in the main file.
func TestIdleLogIsWrittenBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "certwright.db")
	copies := filepath.Join(t.TempDir(), "copy.db")
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(context.Background(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		putSettings(t, s, 100)
		time.Sleep(checkpointIdle + time.Second)
		synctest.Wait()
		copyFile(t, path, copies)
	})
	if got := settingsThere(copied(t, copies), 100); got != 100 {
		t.Errorf("%d of 100 rows are in the main file", got)
	}
}

// copyFile copies the main file of a database as it stands, without its log.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	must.Do(t, err)
	must.Do(t, os.WriteFile(to, text, 0o600))
}

// While somebody reads an older state the log cannot be emptied; it is tried
// again until it can.
func TestIdleLogIsWrittenBackAfterAReader(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "certwright.db")
	copies := filepath.Join(t.TempDir(), "copy.db")
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(context.Background(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		putSettings(t, s, 1)
		err = s.View(context.Background(), func(r vault.Reader) error {
			if _, err := r.Setting("k0"); err != nil { // the snapshot begins at the first read
				return err
			}
			putSettings(t, s, 100)
			time.Sleep(time.Minute)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(checkpointAgain + time.Second)
		synctest.Wait()
		copyFile(t, path, copies)
	})
	if got := settingsThere(copied(t, copies), 100); got != 100 {
		t.Errorf("%d of 100 rows are in the main file", got)
	}
}

// A commit writes nothing back itself, however long the log: its caller would wait.
func TestCommitsWriteNothingBack(t *testing.T) {
	t.Parallel()
	s := openInside(t)
	if err := s.tending.close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		putLarge(t, s, 8<<20)
	}
	pages, done, err := checkpoint(s.writer.session, "NOOP")
	if err != nil || pages < 3*2048 || done != 0 {
		t.Errorf("%d of %d pages were written back (%v)", done, pages, err)
	}
	if s.tending, err = newCheckpointer(context.Background(), s.db, s.dialect, s.writer); err != nil { // for Close
		t.Fatal(err)
	}
}

// Under load the log stays short: it is written back and begins anew.
func TestLogStaysShortUnderLoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "certwright.db")
	s, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const written = 160 << 20
	var longest int64
	for sum := 0; sum < written; sum += 256 << 10 {
		putLarge(t, s, 256<<10)
		if info, err := os.Stat(path + "-wal"); err == nil {
			longest = max(longest, info.Size())
		}
	}
	if longest > written/4 {
		t.Errorf("of %d MB written the log held %d MB", written>>20, longest>>20)
	}
}

var largeRows atomic.Int64

// putLarge writes a row of so many bytes.
func putLarge(t *testing.T, s *Store, bytes int) {
	t.Helper()
	key := fmt.Sprint("v", largeRows.Add(1))
	if err := s.Update(context.Background(), func(tx vault.Tx) error {
		return tx.PutContacts(key, []vault.Contact{{Name: strings.Repeat("x", bytes)}})
	}); err != nil {
		t.Fatal(err)
	}
}
