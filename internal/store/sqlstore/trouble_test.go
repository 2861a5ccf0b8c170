package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/vault"
)

// limit makes the disk full at so many pages of the database. SQLite's own
// limit answers as a disk does that is full; the real one is in conformance.
func limit(t *testing.T, s *Store, pages int64) {
	t.Helper()
	s.writer.between(nil, func(w *session) {
		var set int64
		if err := w.pragma(context.Background(), fmt.Sprintf("max_page_count = %d", pages), &set); err != nil || set < pages {
			t.Errorf("%d pages, %v", set, err)
		}
	})
}

func putOf(s *Store, key string, bytes int) error {
	return s.Update(context.Background(), func(tx vault.Tx) error {
		return tx.PutContacts(key, []vault.Contact{{Name: strings.Repeat("x", bytes)}})
	})
}

// A store on a full disk says so, in its answers and to who wants to know, once;
// it reads on, and when there is room it goes on by itself.
func TestTroubleBeginsAndEnds(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "certwright.db")
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(context.Background(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var told []string
		s.OnTrouble(func(now *vault.StorageError) {
			if now == nil {
				told = append(told, "over")
			} else {
				told = append(told, string(now.Fault))
			}
		})
		if err := putOf(s, "before", 1); err != nil {
			t.Fatal(err)
		}
		limit(t, s, 1) // what it has already
		for range 3 {
			err := putOf(s, "large", 1<<20)
			var fault *vault.StorageError
			if !errors.As(err, &fault) || fault.Fault != vault.DiskFull || s.Trouble() == nil {
				t.Fatalf("%v, %v", err, s.Trouble())
			}
		}
		if err := s.View(context.Background(), func(r vault.Reader) error {
			_, err := r.Contacts("before")
			return err
		}); err != nil {
			t.Errorf("a read: %v", err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := s.Failures(); got[vault.DiskFull] != 3 || got[vault.DiskFails] != 0 || len(got) != len(vault.StorageFaults) {
			t.Errorf("counted %v", got)
		}
		if s.Trouble() == nil || !slices.Equal(told, []string{"full"}) {
			t.Errorf("after a minute: %v, told %v", s.Trouble(), told)
		}
		limit(t, s, 100_000)
		time.Sleep(2 * probeEvery)
		synctest.Wait()
		if s.Trouble() != nil || !slices.Equal(told, []string{"full", "over"}) {
			t.Errorf("with room again: %v, told %v", s.Trouble(), told)
		}
		if err := putOf(s, "after", 1<<20); err != nil {
			t.Error(err)
		}
		var late []string
		s.OnTrouble(func(*vault.StorageError) { late = append(late, "told") })
		if len(late) > 0 {
			t.Error("told of a trouble that is over")
		}
	})
}

// Who wants to know of a trouble that began before hears of it at once.
func TestTroubleBeforeAnybodyListened(t *testing.T) {
	t.Parallel()
	s := openInside(t)
	limit(t, s, 1)
	if err := putOf(s, "large", 1<<20); !vault.IsStorageFault(err) {
		t.Fatal(err)
	}
	told := 0
	s.OnTrouble(func(now *vault.StorageError) {
		if now != nil {
			told++
		}
	})
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}

// What is nobody's disk is no trouble.
func TestOtherErrorsAreNoTrouble(t *testing.T) {
	t.Parallel()
	s := openInside(t)
	for _, want := range []error{errors.New("theirs"), vault.ErrStale, &vault.Error{Code: "x"}} {
		if err := s.Update(context.Background(), func(vault.Tx) error { return want }); !errors.Is(err, want) || vault.IsStorageFault(err) {
			t.Errorf("%v", err)
		}
	}
	err := s.Update(context.Background(), func(tx vault.Tx) error { return constraint(tx) })
	if err == nil || vault.IsStorageFault(err) || s.Trouble() != nil {
		t.Errorf("a constraint: %v, %v", err, s.Trouble())
	}
}

func constraint(v vault.Tx) error {
	_, err := v.(*tx).exec("x", "INSERT INTO settings (key, value) VALUES ('a', '1'), ('a', '2')")
	return err
}

// A file system that has become read-only is told as that, here by SQLite's own switch.
func TestReadOnlyDisk(t *testing.T) {
	t.Parallel()
	s := openInside(t)
	set := func(text string) {
		s.writer.between(nil, func(w *session) {
			if _, err := w.conn.ExecContext(context.Background(), text); err != nil {
				t.Error(err)
			}
		})
	}
	set("PRAGMA query_only = ON")
	err := putOf(s, "x", 1)
	set("PRAGMA query_only = OFF")
	if now := s.Trouble(); !vault.IsStorageFault(err) || now == nil || now.Fault != vault.DiskReadOnly {
		t.Errorf("%v, %v", err, now)
	}
}

// A store that is opened on a full disk is in trouble from the beginning; it
// reads, and its generation stays what it was.
func TestOpenOnAFullDisk(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "certwright.db")
	s, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := putOf(s, "kept", 1); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	full := sqlite
	full.setup = append(slices.Clone(sqlite.setup), "PRAGMA query_only = ON") // nothing can be written
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxIdleConns(0)
	again, err := start(context.Background(), db, full)
	if err != nil {
		t.Fatal(err)
	}
	if again.Trouble() == nil || again.Identity() != s.Identity() {
		t.Errorf("%v, %+v after %+v", again.Trouble(), again.Identity(), s.Identity())
	}
	if err := again.View(context.Background(), func(r vault.Reader) error {
		_, err := r.Contacts("kept")
		return err
	}); err != nil {
		t.Error(err)
	}
	if err := again.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}
