package storetest

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

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
		o := of(certificate(ref("a"), 1))
		o.Operation = inProgress(o.Ref)
		if err := errors.Join(tx.PutObject(&o), tx.PutVersion(certificate(ref("a"), 1)), tx.PutSetting("k", "v"), tx.Append(message(1))); err != nil {
			return err
		}
		for _, kind := range []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets} {
			list, err := tx.Objects(vault.ObjectsPage{Vault: "web", Kind: kind, Limit: 9})
			if err != nil || len(list) != 1 || list[0].Subject != "CN=1" {
				t.Errorf("objects %v, %v", list, err)
			}
		}
		orders, err1 := tx.Orders(vault.InProgress, "", vault.Ref{}, 9)
		all, err2 := tx.AllObjects(vault.Ref{}, 9)
		queue, err3 := tx.Queue(hook, 9)
		if value, err := tx.Setting("k"); len(orders)+len(all)+len(queue) != 3 || value != "v" || errors.Join(err, err1, err2, err3) != nil {
			t.Errorf("%v, %v, %v, %q, %v", orders, all, queue, value, errors.Join(err, err1, err2, err3))
		}
		rev := o.Rev
		o.Latest, o.Jobs = id(2), map[vault.JobKind]time.Time{vault.JobIssue: instant}
		if err := tx.PutObject(&o); err != nil || o.Rev <= rev {
			t.Errorf("rev %d after %d, %v", o.Rev, rev, err)
		}
		got, err := tx.Object(ref("a"))
		same(t, "object", got, o)
		due, err1 := tx.NextDue(instant)
		if errors.Join(err, err1) != nil || !due.Equal(instant) {
			t.Errorf("next due %v, %v", due, errors.Join(err, err1))
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
	before := putLatest(t, s, certificate(ref("a"), 1))
	update(t, s, func(tx vault.Tx) error {
		return errors.Join(tx.PutSetting("k", "v"), tx.Append(message(1)), tx.PutIssuer(fullIssuer("web", "i")))
	})
	err := s.Update(context.Background(), func(tx vault.Tx) error {
		o := before
		o.Latest, o.Operation = id(2), inProgress(o.Ref)
		other := of(secret(ref("b"), 1))
		if err := errors.Join(tx.PutObject(&o), tx.PutVersion(certificate(ref("a"), 2)), tx.PutObject(&other), tx.PutSetting("k", "w"),
			tx.Append(message(2)), tx.DeleteIssuer("web", "i"), tx.PutAccount(vault.Account{ID: "x"}), Purge(tx, ref("a"))); err != nil {
			return err
		}
		return refusal
	})
	if err != error(refusal) {
		t.Errorf("got error %v, want the same value that fn returned", err)
	}
	same(t, "setting", setting(t, s, "k"), "v")
	same(t, "object", object(t, s, ref("a")), before)
	same(t, "versions", versions(t, s, ref("a")), []vault.Entry{certificate(ref("a"), 1).Entry()})
	same(t, "outbox", len(box(t, s, vault.Queued, 0, 9)), 1)
	noObject(t, s, ref("b").As(vault.Secrets))
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.Account, error) { return r.Account("x") })
	get(t, s, func(r vault.Reader) (vault.IssuerConfig, error) { return r.Issuer("web", "i") })
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
	before := putLatest(t, s, certificate(ref("a"), 1))
	changed := putLatest(t, s, certificate(ref("c"), 1))
	view(t, s, func(r vault.Reader) error {
		page := vault.ObjectsPage{Vault: "web", Kind: vault.Certificates, Limit: 9}
		list, err := r.Objects(page)
		if err != nil {
			return err
		}
		putLatest(t, s, certificate(ref("b"), 2))
		change(t, s, ref("c"), func(o *vault.Object) { o.Latest = id(2) })
		update(t, s, purging(ref("a")))
		after, err1 := r.Objects(page)
		a, err2 := r.Object(ref("a"))
		c, err3 := r.Object(ref("c"))
		v, err4 := r.Version(ref("a"), id(1))
		same(t, "the list of one View", after, list)
		same(t, "an object purged meanwhile", a, before)
		same(t, "an object changed meanwhile", c, changed)
		same(t, "a version purged meanwhile", v, certificate(ref("a"), 1))
		if _, err := r.Object(ref("b")); !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("an object put meanwhile: %v", err)
		}
		return errors.Join(err1, err2, err3, err4)
	})
	same(t, "the next View", listed(t, s, vault.ObjectsPage{Limit: 9}), []string{"b", "c"})
	noObject(t, s, ref("a"))
}
