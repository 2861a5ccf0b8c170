package account_test

import (
	"context"
	"errors"
	"testing"

	"certwright/internal/account"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// A row is unchanged from when it was read until it is written, also by a write
// that fails, or that a read overtakes.
func TestSole(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), &account.Sole{Book: sqltest.Accounts(t)}
	unchanged := func(rev int64, want bool, when string) {
		t.Helper()
		if s.Unchanged(ctx, "ca/x", rev) != want {
			t.Errorf("%s: unchanged %v", when, !want)
		}
	}
	read := func() int64 {
		t.Helper()
		_, rev, err := s.Read(ctx, "ca/x")
		must.Do(t, err)
		return rev
	}
	unchanged(0, false, "a row that nobody asked for")
	if _, _, err := s.Read(ctx, "ca/x"); !errors.Is(err, vault.ErrNotFound) {
		t.Fatal(err)
	}
	unchanged(0, true, "a row that is not there")
	must.Do(t, s.Write(ctx, "ca/x", []byte("one"), 0))
	unchanged(1, false, "never read")
	first := read()
	unchanged(first, true, "read")
	if s.Unchanged(ctx, "ca/y", first) {
		t.Error("another row is taken for it")
	}
	must.Do(t, s.Write(ctx, "ca/x", []byte("two"), first))
	unchanged(first, false, "written")
	second := read()
	unchanged(first, false, "an old revision")
	unchanged(second, true, "read again")
	if err := s.Write(ctx, "ca/x", []byte("late"), first); err == nil {
		t.Error("a stale write was taken")
	}
	unchanged(second, false, "after a write that failed")
	read()
	unchanged(second, true, "read after that")
}

// overtaken is a store where something happens just after a row was read.
type overtaken struct {
	vault.Store
	then func()
}

func (o *overtaken) View(ctx context.Context, fn func(vault.Reader) error) error {
	err := o.Store.View(ctx, fn)
	if then := o.then; then != nil {
		o.then = nil
		then()
	}
	return err
}

// A read that a write overtakes tells nothing of what the row is now.
func TestSoleOvertaken(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), &account.Sole{Book: sqltest.Accounts(t)}
	store := &overtaken{Store: s.Store}
	s.Store = store
	must.Do(t, s.Write(ctx, "ca/x", []byte("one"), 0))
	store.then = func() { must.Do(t, s.Write(ctx, "ca/x", []byte("two"), 1)) }
	plain, rev, err := s.Read(ctx, "ca/x")
	if err != nil || string(plain) != "one" || s.Unchanged(ctx, "ca/x", rev) {
		t.Errorf("%q of revision %d, %v: unchanged %v", plain, rev, err, s.Unchanged(ctx, "ca/x", rev))
	}
}
