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
