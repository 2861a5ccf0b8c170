package sqlstore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/internal/store/sqlstore"
	"certwright/internal/vault"
)

// Two settings that every transaction changes together.
func bump(tx vault.Tx) error {
	text, err := tx.Setting("one")
	if err != nil && !errors.Is(err, vault.ErrNotFound) {
		return err
	}
	n, _ := strconv.Atoi(text)
	for _, key := range []string{"one", "other"} {
		if err := tx.PutSetting(key, strconv.Itoa(n+1)); err != nil {
			return err
		}
	}
	return tx.PutContacts("v"+text, []vault.Contact{{Name: strings.Repeat("x", 20_000)}})
}

// A copy taken while others write is one moment: no transaction is in it by half,
// and all that was acknowledged before it began is there. Writers go on meanwhile.
func TestCopyBesideWriters(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openAt(t, filepath.Join(dir, "certwright.db"))
	for range 500 {
		update(t, s, bump)
	}
	var all sync.WaitGroup
	ctx, end := context.WithCancel(t.Context())
	for range 4 {
		all.Go(func() {
			for ctx.Err() == nil {
				if err := s.Update(context.Background(), bump); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	defer all.Wait()
	defer end()
	for round := range 3 {
		before := numberIn(t, s)
		to := filepath.Join(dir, "copy"+strconv.Itoa(round))
		during := 0
		if err := sqlstore.Copy(t.Context(), filepath.Join(dir, "certwright.db"), to, func(done, pages int) {
			if done < pages && done <= 2048 { // a writer is not held up by a copy that is half done
				from := numberIn(t, s)
				update(t, s, bump)
				during = numberIn(t, s) - from
			}
		}); err != nil {
			t.Fatal(err)
		}
		if during == 0 {
			t.Error("nothing was written while the copy was made")
		}
		_, err := sqlstore.Verify(t.Context(), to, func(r vault.Reader) error {
			one, err := r.Setting("one")
			other, err2 := r.Setting("other")
			if n, _ := strconv.Atoi(one); n < before || one != other {
				t.Errorf("the copy has %s and %s, %d was acknowledged before it", one, other, before)
			}
			return errors.Join(err, err2)
		})
		if err != nil {
			t.Error(err)
		}
		if info, err := os.Stat(to); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info, err)
		}
	}
}

func numberIn(t *testing.T, s vault.Store) int {
	t.Helper()
	text, err := setting(s, "one")
	if err != nil {
		t.Fatal(err)
	}
	n, _ := strconv.Atoi(text)
	return n
}

// What cannot be copied leaves no file behind, and a file that is there stays.
func TestCopyRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	there, foreign := filepath.Join(dir, "certwright.db"), filepath.Join(dir, "foreign.db")
	openAt(t, there).Close()
	execRaw(t, foreign, "CREATE TABLE theirs (x)")
	ended, end := context.WithDeadline(t.Context(), time.Time{})
	defer end()
	for name, c := range map[string]struct {
		ctx  context.Context
		from string
	}{"none": {t.Context(), filepath.Join(dir, "none.db")}, "foreign": {t.Context(), foreign}, "ended": {ended, there}} {
		to := filepath.Join(dir, name+".copy")
		if err := sqlstore.Copy(c.ctx, c.from, to, nil); err == nil {
			t.Errorf("%s was copied", name)
		}
		if _, err := os.Stat(to); !os.IsNotExist(err) {
			t.Errorf("%s left a file: %v", name, err)
		}
	}
	if err := sqlstore.Copy(t.Context(), there, foreign, nil); !errors.Is(err, os.ErrExist) {
		t.Errorf("over a file: %v", err)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(t *testing.T, path string)
		want  string
	}{
		"whole": {func(*testing.T, string) {}, ""},
		"newer": {func(t *testing.T, path string) {
			execRaw(t, path, "PRAGMA user_version = 1000; UPDATE settings SET value = '1000' WHERE key = 'schema.min_reader'")
		}, "newer program"},
		"foreign": {func(t *testing.T, path string) { execRaw(t, path, "PRAGMA application_id = 7") }, "not a certwright database"},
		"none":    {func(t *testing.T, path string) { os.Remove(path) }, "unable to open"},
		"short":   {func(t *testing.T, path string) { os.Truncate(path, 40*4096) }, "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "certwright.db")
			s := openAt(t, path)
			for range 20 {
				update(t, s, bump)
			}
			s.Close()
			c.spoil(t, path)
			looked := false
			_, err := sqlstore.Verify(t.Context(), path, func(r vault.Reader) error {
				looked = true
				_, err := r.Setting("one")
				return err
			})
			if c.want == "" && (err != nil || !looked) || c.want != "" && (err == nil || looked || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("looked %v, %v", looked, err)
			}
		})
	}
}
