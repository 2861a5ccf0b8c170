package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"certwright/internal/vault"
)

// again repeats what finds an object changed since it was read, and counts how often.
func again(t *testing.T, do func() error) (stale int) {
	t.Helper()
	for {
		err := do()
		if errors.Is(err, vault.ErrStale) {
			stale++
			continue
		}
		if err != nil {
			t.Errorf("Update: %v", err)
		}
		return stale
	}
}

// writersApart: many read an object outside the transaction that puts it, and
// nobody's put rests on a read that was overtaken.
func writersApart(t *testing.T, s vault.Store) {
	const workers, each = 8, 25
	put(t, s, vault.Object{Ref: ref("count")})
	ctx := context.Background()
	add := func() error {
		var o vault.Object
		err := s.View(ctx, func(r vault.Reader) (err error) {
			o, err = r.Object(ref("count"))
			return err
		})
		if err != nil {
			return err
		}
		runtime.Gosched()
		o.Schedule.Tries++
		return s.Update(ctx, func(tx vault.Tx) error {
			stored := o
			if err := tx.PutObject(&stored); err != nil {
				return err
			}
			return tx.PutVersion(certificate(ref("count"), stored.Schedule.Tries))
		})
	}
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for range each {
				again(t, add)
			}
		})
	}
	all.Wait()
	same(t, "tries", object(t, s, ref("count")).Schedule.Tries, workers*each)
	same(t, "versions", len(versions(t, s, ref("count"))), workers*each)
}

// namesRaced: however certificates, keys and secrets race for a name, one of a
// kind gets it at most, and a certificate gets it alone.
func namesRaced(t *testing.T, s vault.Store) {
	const names = 30
	kinds := []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets}
	var mu sync.Mutex
	won := map[vault.Ref]int{}
	var all sync.WaitGroup
	for n := range names {
		for i := range 2 * len(kinds) {
			r := ref(fmt.Sprint("n", n)).As(kinds[(i+n)%len(kinds)])
			all.Go(func() {
				err := s.Update(context.Background(), putting(vault.Object{Ref: r, Latest: string(r.Kind)}))
				if err != nil && !errors.Is(err, vault.ErrStale) {
					t.Errorf("%s: %v", r, err)
				}
				if err == nil {
					mu.Lock()
					won[r]++
					mu.Unlock()
				}
			})
		}
	}
	all.Wait()
	for n := range names {
		r := ref(fmt.Sprint("n", n))
		certificate, plain := won[r], won[r.As(vault.Keys)]+won[r.As(vault.Secrets)]
		if certificate > 1 || won[r.As(vault.Keys)] > 1 || won[r.As(vault.Secrets)] > 1 || (certificate == 1) == (plain > 0) {
			t.Errorf("%s: %d certificates beside %d keys and %d secrets", r.Name, certificate, won[r.As(vault.Keys)], won[r.As(vault.Secrets)])
			continue
		}
		for _, kind := range kinds {
			err := s.View(context.Background(), func(rd vault.Reader) error {
				o, err := rd.Object(r.As(kind))
				if err == nil && (o.Managed != (certificate == 1 && kind != vault.Certificates) || !o.Managed && o.Latest != string(kind)) {
					t.Errorf("%s shows managed=%v, latest %s", o.Ref, o.Managed, o.Latest)
				}
				return err
			})
			if there := certificate+won[r.As(kind)] > 0; there != (err == nil) || err != nil && !errors.Is(err, vault.ErrNotFound) {
				t.Errorf("%s: %v, want it there: %v", r.As(kind), err, there)
			}
		}
	}
}

// wholeTransactions: while many move an amount between two objects, every View
// finds the same sum, and so does the end.
func wholeTransactions(t *testing.T, s vault.Store) {
	const workers, each, sum = 4, 30, 1000
	put(t, s, vault.Object{Ref: ref("a"), Schedule: vault.Schedule{Tries: sum}})
	put(t, s, vault.Object{Ref: ref("b")})
	both := func(r vault.Reader) (a, b vault.Object, err error) {
		a, errA := r.Object(ref("a"))
		b, errB := r.Object(ref("b"))
		return a, b, errors.Join(errA, errB)
	}
	look := func() {
		t.Helper()
		view(t, s, func(r vault.Reader) error {
			a, b, err := both(r)
			if err == nil && a.Schedule.Tries+b.Schedule.Tries != sum {
				t.Errorf("%d and %d", a.Schedule.Tries, b.Schedule.Tries)
			}
			return err
		})
	}
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for n := range each {
				again(t, func() error {
					return s.Update(context.Background(), func(tx vault.Tx) error {
						a, b, err := both(tx)
						if err != nil {
							return err
						}
						a.Schedule.Tries -= w + n
						b.Schedule.Tries += w + n
						return errors.Join(tx.PutObject(&a), tx.PutObject(&b))
					})
				})
			}
		})
		all.Go(func() {
			for range each {
				look()
			}
		})
	}
	all.Wait()
	look()
	moved := workers*each*(each-1)/2 + each*workers*(workers-1)/2
	same(t, "moved", object(t, s, ref("b")).Schedule.Tries, moved)
}

// undoneAmongKept: of many updates at the same time, those that fail, panic or
// exit, before they wrote or after, are undone, each alone, and the others stay.
func undoneAmongKept(t *testing.T, s vault.Store) {
	const workers, each = 14, 20
	undo := errors.New("undo")
	write := func(w, n int) func(vault.Tx) error {
		return func(tx vault.Tx) error {
			end := func() error {
				switch w % 7 / 2 {
				case 1:
					return undo
				case 2:
					panic("as the test wants it")
				case 3:
					runtime.Goexit()
				}
				return nil
			}
			if w%2 == 1 { // before it writes
				if err := end(); err != nil {
					return err
				}
			}
			r := ref(fmt.Sprintf("c%d-%d", w, n))
			o := of(certificate(r, n))
			if err := errors.Join(tx.PutObject(&o), tx.PutVersion(certificate(r, n)), tx.Append(message(w))); err != nil {
				return err
			}
			return end()
		}
	}
	var all sync.WaitGroup
	for w := range workers {
		for n := range each {
			all.Go(func() {
				defer func() { recover() }()
				err := s.Update(context.Background(), write(w, n))
				if want := map[bool]error{true: undo}[w%7/2 == 1]; err != want {
					t.Errorf("Update: got %v, want %v", err, want)
				}
			})
		}
	}
	all.Wait()
	kept := 0
	for w := range workers {
		for n := range each {
			r := ref(fmt.Sprintf("c%d-%d", w, n))
			if w%7/2 == 0 {
				kept++
				same(t, r.Name, version(t, s, r, id(n)), certificate(r, n))
				continue
			}
			noObject(t, s, r)
			noVersion(t, s, r, id(n))
		}
	}
	same(t, "objects", len(listed(t, s, vault.ObjectsPage{Limit: 1000})), kept)
	same(t, "messages", len(box(t, s, vault.Queued, 0, 1000)), kept)
}
