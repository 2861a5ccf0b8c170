package storetest

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	"certwright/internal/vault"
)

func setting(t *testing.T, s vault.Store, key string) string {
	t.Helper()
	var value string
	view(t, s, func(r vault.Reader) (err error) {
		if value, err = r.Setting(key); errors.Is(err, vault.ErrNotFound) {
			return nil
		}
		return err
	})
	return value
}

// ownWrites: a Tx sees its own writes, in every kind of read.
func ownWrites(t *testing.T, s vault.Store) {
	update(t, s, func(tx vault.Tx) error {
		rev, err := tx.PutObject(vault.Object{Ref: ref("a"), Latest: id(1)})
		if err != nil {
			return err
		}
		if err := tx.PutVersion(certificate(ref("a"), 1)); err != nil {
			return err
		}
		list, err := tx.Objects(vault.ObjectsPage{Vault: "web", Kind: vault.Certificates, Limit: 9})
		if err != nil || len(list) != 1 || list[0].Subject != "CN=1" {
			t.Errorf("objects %v, %v", list, err)
		}
		if _, err := tx.PutObject(vault.Object{Ref: ref("a"), Latest: id(2), Rev: rev}); err != nil {
			return err
		}
		o, err := tx.Object(ref("a"))
		if err != nil || o.Latest != id(2) || o.Rev != rev+1 {
			t.Errorf("head %+v, %v", o, err)
		}
		if err := tx.DeleteVersion(ref("a"), id(1)); err != nil {
			return err
		}
		if _, err := tx.Version(ref("a"), id(1)); !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("a version removed: %v", err)
		}
		return nil
	})
}

// errorsUndo: an error of fn rolls back and is returned as it is.
func errorsUndo(t *testing.T, s vault.Store) {
	refusal := vault.PendingInProgress()
	err := s.Update(context.Background(), func(tx vault.Tx) error {
		return errors.Join(tx.PutSetting("k", "v"), tx.PutVersion(certificate(ref("a"), 1)), tx.Append(message(1)))
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(context.Background(), func(tx vault.Tx) error {
		if err := errors.Join(tx.PutSetting("k", "w"), tx.PutVersion(certificate(ref("a"), 2)), tx.Append(message(2)), tx.Purge(ref("a"))); err != nil {
			return err
		}
		return refusal
	})
	if err != error(refusal) {
		t.Errorf("got error %v, want the same value that fn returned", err)
	}
	if got := setting(t, s, "k"); got != "v" {
		t.Errorf("setting %q after an undo", got)
	}
	if list := get(t, s, func(r vault.Reader) ([]vault.Entry, error) { return r.Versions(ref("a"), "", 9) }); len(list) != 1 || list[0].ID != id(1) {
		t.Errorf("versions after an undo: %v", list)
	}
	if list := box(t, s, vault.Queued, 0, 9); len(list) != 1 {
		t.Errorf("outbox after an undo: %v", list)
	}
	if err := s.View(context.Background(), func(vault.Reader) error { return refusal }); err != error(refusal) {
		t.Errorf("View: got error %v, want the same value that fn returned", err)
	}
}

// panicsUndo: a panic of fn reaches its caller, undoes, and the store lives on.
func panicsUndo(t *testing.T, s vault.Store) {
	caught := func(run func()) (value any) {
		defer func() { value = recover() }()
		run()
		return nil
	}
	for n := range 10 { // more often than there can be connections
		got := caught(func() {
			s.Update(context.Background(), func(tx vault.Tx) error {
				if err := tx.PutSetting("k", "v"); err != nil {
					t.Errorf("PutSetting: %v", err)
				}
				panic(n)
			})
		})
		if got != n {
			t.Errorf("Update: caught %v, want %d", got, n)
		}
		if got := caught(func() { s.View(context.Background(), func(vault.Reader) error { panic(n) }) }); got != n {
			t.Errorf("View: caught %v, want %d", got, n)
		}
	}
	if got := setting(t, s, "k"); got != "" {
		t.Errorf("setting %q after a panic", got)
	}
	update(t, s, func(tx vault.Tx) error { return tx.PutSetting("k", "w") })
}

// exitsUndo: runtime.Goexit in fn, which is what t.Fatal does, undoes as well.
func exitsUndo(t *testing.T, s vault.Store) {
	for range 10 {
		var both sync.WaitGroup
		both.Go(func() {
			s.Update(context.Background(), func(tx vault.Tx) error {
				if err := tx.PutSetting("k", "v"); err != nil {
					t.Errorf("PutSetting: %v", err)
				}
				runtime.Goexit()
				return nil
			})
		})
		both.Go(func() {
			s.View(context.Background(), func(vault.Reader) error {
				runtime.Goexit()
				return nil
			})
		})
		both.Wait()
	}
	if got := setting(t, s, "k"); got != "" {
		t.Errorf("setting %q after an exit", got)
	}
	update(t, s, func(tx vault.Tx) error { return tx.PutSetting("k", "w") })
}

// snapshots: a View does not see what is committed while it runs, and does not
// hold up a write; the next View sees it.
func snapshots(t *testing.T, s vault.Store) {
	put(t, s, certificate(ref("a"), 1))
	view(t, s, func(r vault.Reader) error {
		page := vault.ObjectsPage{Vault: "web", Kind: vault.Certificates, Limit: 9}
		before, err := r.Objects(page)
		if err != nil {
			return err
		}
		put(t, s, certificate(ref("b"), 2))
		update(t, s, func(tx vault.Tx) error { return tx.Purge(ref("a")) })
		after, err := r.Objects(page)
		if err != nil {
			return err
		}
		same(t, "the list of one View", after, before)
		if _, err := r.Version(ref("a"), id(1)); err != nil {
			t.Errorf("a version purged meanwhile: %v", err)
		}
		if _, err := r.Object(ref("b")); !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("an object put meanwhile: %v", err)
		}
		return nil
	})
	same(t, "the next View", listed(t, s, vault.ObjectsPage{Limit: 9}), []string{"b"})
}
