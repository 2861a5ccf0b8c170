package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/vault"
)

// inVirtualTime runs a test in a bubble where no time passes while anything
// runs: what comes together shares a commit, however busy the machine is.
func inVirtualTime(t *testing.T, test func(t *testing.T, s *Store)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "certwright.db")
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(context.Background(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		test(t, s)
	})
}

// together starts updates that all wait for one commit, and returns when all
// have ended.
func together(t *testing.T, s *Store, updates ...func(vault.Tx) error) (errs []error) {
	t.Helper()
	errs = make([]error, len(updates))
	began, started, release := false, make(chan bool), make(chan bool)
	var all sync.WaitGroup
	all.Go(func() {
		err := s.Update(context.Background(), func(tx vault.Tx) error {
			if !began { // else it runs again
				began = true
				close(started)
				<-release
			}
			return nil
		})
		if err != nil {
			t.Errorf("the first Update: %v", err)
		}
	})
	<-started
	for i, fn := range updates {
		all.Go(func() {
			defer func() {
				if recovered := recover(); recovered != nil {
					errs[i] = fmt.Errorf("%v", recovered)
				}
			}()
			errs[i] = errors.New("exited") // unless Update returns
			errs[i] = s.Update(context.Background(), fn)
		})
		synctest.Wait() // so that they stand in this order
	}
	if len(s.writer.queue) != len(updates) {
		t.Fatalf("%d wait, want %d", len(s.writer.queue), len(updates))
	}
	close(release)
	all.Wait()
	return errs
}

// All updates that wait go into one commit, and none is answered before it: the
// last of the batch finds the rows of the others, which no View has seen and of
// which no caller knows.
func TestGroupCommit(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, func(t *testing.T, s *Store) {
		const waiting = maxBatch - 1
		var answered atomic.Int64
		updates := make([]func(vault.Tx) error, waiting)
		seen := 0
		for n := range updates {
			updates[n] = func(tx vault.Tx) error {
				seen = 0
				for other := range n {
					if _, err := tx.Setting(fmt.Sprint("k", other)); err == nil {
						seen++
					}
				}
				err := s.View(context.Background(), func(r vault.Reader) error {
					_, err := r.Setting("k0")
					return err
				})
				if !errors.Is(err, vault.ErrNotFound) {
					t.Errorf("a View during the batch: %v", err)
				}
				if answered.Load() != 0 {
					t.Error("one is answered before the commit")
				}
				return tx.PutSetting(fmt.Sprint("k", n), "v")
			}
		}
		for _, err := range together(t, s, updates...) {
			answered.Add(1)
			if err != nil {
				t.Errorf("Update: %v", err)
			}
		}
		if seen != waiting-1 || s.writer.last != maxBatch {
			t.Errorf("the last saw %d of %d rows, in a commit of %d", seen, waiting-1, s.writer.last)
		}
	})
}

// Of a batch, those that fail are undone, each alone, whenever and however they
// fail, and the others are kept. One that fails before it wrote costs the others
// nothing; where one fails later, they run again.
func TestFailuresAmongKept(t *testing.T) {
	t.Parallel()
	undo := errors.New("undo")
	ends := map[string]struct {
		end  func() error
		want string
	}{
		"error":  {func() error { return undo }, "undo"},
		"panic":  {func() error { panic("a panic") }, "a panic"},
		"goexit": {func() error { runtime.Goexit(); return nil }, "exited"},
	}
	for name, how := range ends {
		for _, wrote := range []bool{false, true} {
			inVirtualTime(t, func(t *testing.T, s *Store) {
				const batch = 20
				ran := make([]int, batch)
				updates := make([]func(vault.Tx) error, batch)
				for n := range updates {
					fails := n%6 == 4
					updates[n] = func(tx vault.Tx) error {
						ran[n]++
						if fails && !wrote {
							return how.end()
						}
						o := vault.Object{Ref: vault.Ref{Vault: "web", Kind: vault.Certificates, Name: fmt.Sprint("c", n)}, Latest: "1"}
						v := vault.Version{Ref: o.Ref, ID: "1", Secret: &vault.SecretBody{Value: vault.Sealed(name)}}
						if err := errors.Join(tx.PutObject(&o), tx.PutVersion(v), tx.Append(vault.Message{Topic: "t"})); err != nil {
							return err
						}
						if fails {
							return how.end()
						}
						return nil
					}
				}
				errs := together(t, s, updates...)
				kept := 0
				for n, err := range errs {
					fails := n%6 == 4
					if fails && (err == nil || err.Error() != how.want) || !fails && err != nil {
						t.Errorf("%s, wrote %v: update %d: %v", name, wrote, n, err)
					}
					if most := map[bool]int{false: 1, true: 2}[wrote]; ran[n] < 1 || ran[n] > most {
						t.Errorf("%s, wrote %v: update %d ran %d times, want at most %d", name, wrote, n, ran[n], most)
					}
					found := s.View(context.Background(), func(r vault.Reader) error {
						_, err := r.Version(vault.Ref{Vault: "web", Kind: vault.Secrets, Name: fmt.Sprint("c", n)}, "1")
						return err
					})
					if fails != errors.Is(found, vault.ErrNotFound) {
						t.Errorf("%s, wrote %v: update %d left %v", name, wrote, n, found)
					}
					if !fails {
						kept++
					}
				}
				if !wrote && s.writer.last != kept+1 {
					t.Errorf("%s: %d in the last commit, want %d", name, s.writer.last, kept+1)
				}
				err := s.View(context.Background(), func(r vault.Reader) error {
					n, err := r.Count("", vault.Delivered, 2*batch)
					if n != kept {
						t.Errorf("%s, wrote %v: %d messages, want %d", name, wrote, n, kept)
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// An update that is run again for another's sake, and only then fails, is undone
// alone.
func TestFailureOfOneThatRunsAgain(t *testing.T) {
	t.Parallel()
	undo := errors.New("undo")
	for name, end := range map[string]func() error{
		"undo": func() error { return undo }, "a panic": func() error { panic("a panic") }, "exited": func() error { runtime.Goexit(); return nil },
	} {
		inVirtualTime(t, func(t *testing.T, s *Store) {
			put := func(key string) func(vault.Tx) error {
				return func(tx vault.Tx) error { return tx.PutSetting(key, "v") }
			}
			runs := 0
			fails := func(tx vault.Tx) error {
				runs++
				if err := tx.PutSetting("fails", "v"); err != nil || runs == 1 {
					return err
				}
				return end()
			}
			errs := together(t, s, put("before"), fails, put("after"), func(tx vault.Tx) error { return errors.Join(tx.PutSetting("cause", "v"), undo) })
			if errs[0] != nil || errs[1] == nil || errs[1].Error() != name || errs[2] != nil || runs != 2 {
				t.Errorf("%s: %v, run %d times", name, errs, runs)
			}
			for key, want := range map[string]bool{"before": true, "fails": false, "after": true, "cause": false} {
				err := s.View(context.Background(), func(r vault.Reader) error {
					_, err := r.Setting(key)
					return err
				})
				if (err == nil) != want {
					t.Errorf("%s: %s: %v", name, key, err)
				}
			}
		})
	}
}

// An update that failed for what another one of its group wrote is not told so before
// that is on the disk: where the other one runs again, and does something else, it
// runs again too.
func TestFailureForWhatDidNotBecome(t *testing.T) {
	t.Parallel()
	undo := errors.New("undo")
	for _, wrote := range []bool{false, true} { // whether the one that failed did
		inVirtualTime(t, func(t *testing.T, s *Store) {
			errs := together(t, s, onceOnly("k"), unlessThere("k", wrote), func(tx vault.Tx) error {
				return errors.Join(tx.PutSetting("cause", "v"), undo)
			})
			if !errors.Is(errs[0], errNoMore) || errs[1] != nil || !errors.Is(errs[2], undo) {
				t.Errorf("it wrote %v: %v", wrote, errs)
			}
		})
	}
}

var (
	errNoMore = errors.New("it is wanted no more")
	errThere  = errors.New("it is there")
)

// onceOnly puts a setting, but not when it runs again.
func onceOnly(key string) func(vault.Tx) error {
	ran := false
	return func(tx vault.Tx) error {
		if ran {
			return errNoMore
		}
		ran = true
		return tx.PutSetting(key, "v")
	}
}

// unlessThere fails if a setting is there, with or without having written before.
func unlessThere(key string, writes bool) func(vault.Tx) error {
	return func(tx vault.Tx) error {
		if writes {
			if err := tx.PutSetting("other", "v"); err != nil {
				return err
			}
		}
		if _, err := tx.Setting(key); !errors.Is(err, vault.ErrNotFound) {
			return errors.Join(errThere, err)
		}
		return nil
	}
}

// PutObject tells the caller a new revision; where the transaction is undone, on
// its own account or another's, that is taken back.
func TestRevisionsOfUndoneUpdates(t *testing.T) {
	t.Parallel()
	undo := errors.New("undo")
	inVirtualTime(t, func(t *testing.T, s *Store) {
		object := func(name string) *vault.Object {
			return &vault.Object{Ref: vault.Ref{Vault: "web", Kind: vault.Keys, Name: name}}
		}
		before, after, failed := object("before"), object("after"), object("failed")
		put := func(o *vault.Object) func(vault.Tx) error {
			return func(tx vault.Tx) error { return tx.PutObject(o) }
		}
		errs := together(t, s, put(before), func(tx vault.Tx) error { return errors.Join(tx.PutObject(failed), undo) }, put(after))
		if errs[0] != nil || !errors.Is(errs[1], undo) || errs[2] != nil {
			t.Errorf("%v", errs)
		}
		if before.Rev == 0 || failed.Rev != 0 || after.Rev == 0 {
			t.Errorf("revs %d, %d and %d", before.Rev, failed.Rev, after.Rev)
		}
		for _, o := range []*vault.Object{before, failed, after} { // which fit what is stored
			if err := s.Update(context.Background(), put(o)); err != nil {
				t.Errorf("%s: %v", o.Name, err)
			}
		}
	})
}

// A commit that fails is nobody's success.
func TestFailedCommit(t *testing.T) {
	t.Parallel()
	s := openInside(t)
	err := s.Update(context.Background(), func(v vault.Tx) error {
		t := v.(*tx)
		if _, err := t.session.exec("CREATE TEMP TABLE parent (id INTEGER PRIMARY KEY)"); err != nil {
			return err
		}
		if _, err := t.session.exec("CREATE TEMP TABLE child (parent INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)"); err != nil {
			return err
		}
		if err := v.PutSetting("k", "v"); err != nil {
			return err
		}
		_, err := t.session.exec("INSERT INTO child VALUES (1)") // found out at COMMIT
		return err
	})
	if err == nil {
		t.Fatal("Update returned no error")
	}
	err = s.View(context.Background(), func(r vault.Reader) error {
		_, err := r.Setting("k")
		return err
	})
	if !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("after a failed commit: %v", err)
	}
	if err := s.Update(context.Background(), func(tx vault.Tx) error { return tx.PutSetting("k", "w") }); err != nil {
		t.Errorf("the next Update: %v", err)
	}
}

// Where the engine itself ends the transaction, the whole batch is told so.
func TestTransactionLost(t *testing.T) {
	t.Parallel()
	s := openInside(t)
	err := s.Update(context.Background(), func(v vault.Tx) error {
		if err := v.PutSetting("k", "v"); err != nil {
			return err
		}
		_, err := v.(*tx).session.exec("ROLLBACK") // as on a full disk
		return err
	})
	if err == nil {
		t.Fatal("Update returned no error")
	}
	if err := s.Update(context.Background(), func(tx vault.Tx) error {
		if _, err := tx.Setting("k"); !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("after a lost transaction: %v", err)
		}
		return tx.PutSetting("k", "w")
	}); err != nil {
		t.Errorf("the next Update: %v", err)
	}
}

// On a full disk nobody is told that a write succeeded which did not, and the
// store goes on once there is room.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	s := openInside(t)
	var pages int64
	if err := s.writer.session.pragma(t.Context(), "max_page_count = 80", &pages); err != nil || pages != 80 {
		t.Fatalf("%d pages, %v", pages, err)
	}
	put := func(name string) error {
		return s.Update(context.Background(), func(tx vault.Tx) error {
			o := vault.Object{Ref: vault.Ref{Name: name}, Latest: "1"}
			return errors.Join(tx.PutObject(&o), tx.PutVersion(vault.Version{Ref: o.Ref, ID: "1", Secret: &vault.SecretBody{Value: make(vault.Sealed, 9000)}}))
		})
	}
	var mu sync.Mutex
	kept, refused := []string{}, 0
	var all sync.WaitGroup
	for n := range 64 {
		all.Go(func() {
			name := fmt.Sprint("c", n)
			err := put(name)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				kept = append(kept, name)
			} else {
				refused++
			}
		})
	}
	all.Wait()
	if refused == 0 {
		t.Error("nobody was refused")
	}
	err := s.View(context.Background(), func(r vault.Reader) error {
		for _, name := range kept {
			if _, err := r.Version(vault.Ref{Name: name}, "1"); err != nil {
				t.Errorf("acknowledged %s: %v", name, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := s.writer.session.pragma(t.Context(), "max_page_count = 10000", &pages); err != nil {
		t.Fatal(err)
	}
	if err := put("later"); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if err := s.IntegrityCheck(t.Context()); err != nil {
		t.Error(err)
	}
}

// Who was told to come again is answered where the store closes meanwhile: he once
// waited for ever in a queue that nobody looked at any more.
func TestClosingAnswersWhoComesAgain(t *testing.T) {
	t.Parallel()
	for range 10 { // it was by chance
		inVirtualTime(t, func(t *testing.T, s *Store) {
			s.dialect.fault = func(error) fault { return comesAnew }
			done := make(chan error, 1)
			go func() {
				done <- s.Update(context.Background(), func(v vault.Tx) error {
					_, err := v.(*tx).session.exec("no statement")
					return err
				})
			}()
			time.Sleep(tryFor / 2)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if err := <-done; err == nil {
				t.Error("Update returned no error")
			}
		})
	}
}

// A connection that fails is replaced by the next View.
func TestBrokenConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	s := openInside(t)
	for range 2 * sqlite.readers {
		err := s.View(context.Background(), func(r vault.Reader) error {
			_, err := r.(*reader).session.exec("ROLLBACK") // so that COMMIT fails
			return err
		})
		if err != nil {
			t.Errorf("View: %v", err)
		}
	}
}

// A View cannot write, not even past its interface.
func TestViewCannotWrite(t *testing.T) {
	t.Parallel()
	s := openInside(t)
	err := s.View(context.Background(), func(r vault.Reader) error {
		if _, ok := r.(vault.Tx); ok {
			t.Error("the Reader of a View is a Tx")
		}
		_, err := r.(*reader).session.exec(sqlPutSetting, "k", "v")
		return err
	})
	if err == nil {
		t.Error("a View wrote")
	}
}
