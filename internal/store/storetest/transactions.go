package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
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

// cancelled: a context that has ended ends the call, and nothing is written.
func cancelled(t *testing.T, s vault.Store) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	calls := map[string]func() error{
		"View":   func() error { return s.View(ended, func(vault.Reader) error { return nil }) },
		"Update": func() error { return s.Update(ended, func(vault.Tx) error { return nil }) },
		"Reset":  func() error { return s.Reset(ended) },
		"Claim": func() error {
			_, err := s.Claim(ended, instant, instant, minute, 1)
			return err
		},
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got error %v, want %v", name, err, context.Canceled)
		}
	}

	// While it runs: the next read or write says so, and all is undone.
	running, stop := context.WithCancel(context.Background())
	err := s.Update(running, func(tx vault.Tx) error {
		if err := tx.PutSetting("k", "v"); err != nil {
			return err
		}
		stop()
		return tx.PutSetting("k", "w")
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Update cancelled while running: %v", err)
	}

	// While it waits for another: it does not wait on, and never runs.
	waiting, leave := context.WithCancel(context.Background())
	left := make(chan error)
	update(t, s, func(tx vault.Tx) error {
		go func() {
			left <- s.Update(waiting, func(tx vault.Tx) error { return tx.PutSetting("k", "x") })
		}()
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("Update cancelled while waiting: %v", err)
		}
		return nil
	})
	update(t, s, func(tx vault.Tx) error { return tx.PutSetting("other", "y") })
	if got := setting(t, s, "k"); got != "" {
		t.Errorf("a cancelled Update wrote %q", got)
	}
}

// ended: what was handed to fn is of no use after fn has returned.
func ended(t *testing.T, s vault.Store) {
	var oldTx vault.Tx
	var oldReader vault.Reader
	update(t, s, func(tx vault.Tx) error { oldTx = tx; return nil })
	view(t, s, func(r vault.Reader) error { oldReader = r; return nil })
	if err := oldTx.PutSetting("k", "v"); err == nil {
		t.Error("a write after the end of its transaction")
	}
	if _, err := oldReader.Setting("k"); err == nil || errors.Is(err, vault.ErrNotFound) {
		t.Errorf("a read after the end of its transaction: %v", err)
	}
	if got := setting(t, s, "k"); got != "" {
		t.Errorf("setting %q", got)
	}
}

// closed: Close may be called twice; afterwards every call is an error.
func closed(t *testing.T, s vault.Store) {
	update(t, s, func(tx vault.Tx) error { return tx.PutSetting("k", "v") })
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
	if err := s.View(context.Background(), func(vault.Reader) error { return nil }); err == nil {
		t.Error("View of a closed store")
	}
	if err := s.Update(context.Background(), func(vault.Tx) error { return nil }); err == nil {
		t.Error("Update of a closed store")
	}
}

// serializable: read, check, write in many goroutines at the same time, and no
// write rests on a read that was overtaken.
func serializable(t *testing.T, s vault.Store) {
	const workers, each, limit = 8, 25, 100
	var taken, refusals int
	var mu sync.Mutex
	full := errors.New("full")
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for n := range each {
				err := s.Update(context.Background(), func(tx vault.Tx) error {
					text, err := tx.Setting("count")
					if err != nil && !errors.Is(err, vault.ErrNotFound) {
						return err
					}
					count, _ := strconv.Atoi(text)
					if count >= limit {
						return full
					}
					if err := tx.PutVersion(certificate(ref(fmt.Sprint("c", w)), n)); err != nil {
						return err
					}
					return tx.PutSetting("count", strconv.Itoa(count+1))
				})
				mu.Lock()
				switch {
				case err == nil:
					taken++
				case errors.Is(err, full):
					refusals++
				default:
					t.Errorf("Update: %v", err)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if taken != limit || refusals != workers*each-limit {
		t.Errorf("%d taken and %d refused, want %d and %d", taken, refusals, limit, workers*each-limit)
	}
	rows := 0
	for w := range workers {
		rows += len(get(t, s, func(r vault.Reader) ([]vault.Entry, error) { return r.Versions(ref(fmt.Sprint("c", w)), "", each) }))
	}
	if got := setting(t, s, "count"); rows != limit || got != strconv.Itoa(limit) {
		t.Errorf("%d rows and a count of %s, want %d", rows, got, limit)
	}
}

// wholeTransactions: while many move an amount between two rows, every View and
// every Update finds the same sum.
func wholeTransactions(t *testing.T, s vault.Store) {
	const workers, each, sum = 4, 30, 1000
	update(t, s, func(tx vault.Tx) error {
		return errors.Join(tx.PutSetting("a", strconv.Itoa(sum)), tx.PutSetting("b", "0"))
	})
	both := func(r vault.Reader) (a, b int, err error) {
		textA, err := r.Setting("a")
		if err != nil {
			return 0, 0, err
		}
		textB, err := r.Setting("b")
		a, _ = strconv.Atoi(textA)
		b, _ = strconv.Atoi(textB)
		if a+b != sum {
			t.Errorf("%d and %d", a, b)
		}
		return a, b, err
	}
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for n := range each {
				if err := s.Update(context.Background(), func(tx vault.Tx) error {
					a, b, err := both(tx)
					return errors.Join(err, tx.PutSetting("a", strconv.Itoa(a-w-n)), tx.PutSetting("b", strconv.Itoa(b+w+n)))
				}); err != nil {
					t.Errorf("Update: %v", err)
				}
			}
		})
		all.Go(func() {
			for range each {
				if err := s.View(context.Background(), func(r vault.Reader) error {
					_, _, err := both(r)
					return err
				}); err != nil {
					t.Errorf("View: %v", err)
				}
			}
		})
	}
	all.Wait()
}

// undoneAmongKept: of many updates at the same time, those that fail, panic or
// exit are undone, each alone, and the others stay.
func undoneAmongKept(t *testing.T, s vault.Store) {
	const workers, each = 12, 20
	undo := errors.New("undo")
	var all sync.WaitGroup
	for w := range workers {
		for n := range each {
			all.Go(func() {
				defer func() { recover() }()
				err := s.Update(context.Background(), func(tx vault.Tx) error {
					if err := tx.PutVersion(certificate(ref(fmt.Sprint("c", w)), n)); err != nil {
						return err
					}
					switch w % 4 {
					case 1:
						return undo
					case 2:
						panic("as the test wants it")
					case 3:
						runtime.Goexit()
					}
					return nil
				})
				if want := map[bool]error{true: undo}[w%4 == 1]; err != want {
					t.Errorf("Update: got %v, want %v", err, want)
				}
			})
		}
	}
	all.Wait()
	for w := range workers {
		want := 0
		if w%4 == 0 {
			want = each
		}
		list := get(t, s, func(r vault.Reader) ([]vault.Entry, error) { return r.Versions(ref(fmt.Sprint("c", w)), "", each+1) })
		if len(list) != want {
			t.Errorf("c%d: %d versions stay, want %d", w, len(list), want)
		}
	}
}
