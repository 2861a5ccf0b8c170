package sqlstore

import (
	"context"
	"errors"
	"fmt"
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
