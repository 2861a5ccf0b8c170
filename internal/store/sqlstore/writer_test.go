package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"certwright/internal/vault"
)

// waitFor ends once n updates stand in the queue. Nothing tells when they do,
// so it looks again and again.
func waitFor(t *testing.T, w *writer, n int) {
	t.Helper()
	for len(w.queue) < n {
		if t.Context().Err() != nil {
			t.Fatal("the queue did not fill")
		}
	}
}

// All updates that wait go into one commit, and none is answered before it: the
// last of the batch finds the rows of the others, which no View has seen and of
// which no caller knows.
func TestGroupCommit(t *testing.T) {
	t.Parallel()
	s := openInside(t)
	ctx := context.Background()
	const waiting = maxBatch - 1
	started, release := make(chan bool), make(chan bool)
	first := make(chan error)
	go func() {
		first <- s.Update(ctx, func(tx vault.Tx) error {
			started <- true
			<-release
			return nil
		})
	}()
	<-started

	answered := make(chan int, waiting)
	last := make(chan bool)
	for n := range waiting {
		go func() {
			err := s.Update(ctx, func(tx vault.Tx) error {
				if err := tx.PutSetting(fmt.Sprint("k", n), "v"); err != nil {
					return err
				}
				for other := range waiting {
					if _, err := tx.Setting(fmt.Sprint("k", other)); err != nil {
						return nil // not the last of the batch
					}
				}
				err := s.View(ctx, func(r vault.Reader) error {
					_, err := r.Setting("k0")
					return err
				})
				if !errors.Is(err, vault.ErrNotFound) {
					t.Errorf("a View during the batch: %v", err)
				}
				if got := len(answered); got != 0 {
					t.Errorf("%d answered before the commit", got)
				}
				close(last)
				return nil
			})
			if err != nil {
				t.Errorf("Update: %v", err)
			}
			answered <- n
		}()
	}
	waitFor(t, s.writer, waiting)
	close(release)
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	<-last
	for range waiting {
		<-answered
	}
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

// A connection that fails is replaced by the next View.
func TestBrokenConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	s := openInside(t)
	for range 2 * maxReaders {
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
