package account_test

import (
	"context"
	"errors"
	"testing"

	"certwright/internal/account"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// What others write is known at once by asking, and by being told where that is
// enough; then nothing is asked.
func TestShared(t *testing.T) {
	t.Parallel()
	ctx, book := t.Context(), sqltest.Accounts(t)
	asked, fresh := 0, false
	var away error
	s := &account.Shared{Sole: account.Sole{Book: book}, Fresh: func() bool { return fresh }, Revision: func(ctx context.Context, id string) (int64, error) {
		asked++
		rev, err := book.Store.(*sqlstore.Store).AccountRevision(ctx, id)
		return rev, errors.Join(err, away)
	}}
	want := func(rev int64, unchanged bool, after int) {
		t.Helper()
		if got := s.Unchanged(ctx, "ca/x", rev); got != unchanged || asked != after {
			t.Errorf("revision %d unchanged: %v, asked %d times; want %v, %d", rev, got, asked, unchanged, after)
		}
	}
	want(0, true, 1) // there is none
	must.Do(t, s.Write(ctx, "ca/x", []byte("one"), 0))
	want(0, false, 2)
	want(1, true, 3)
	must.Do(t, book.Write(ctx, "ca/x", []byte("two"), 1)) // another server
	want(1, false, 4)
	fresh = true
	want(2, true, 4) // it asked just now
	must.Do(t, book.Write(ctx, "ca/x", []byte("three"), 2))
	want(2, true, 4) // nobody told yet
	s.Stale(vault.Changes{Accounts: []string{"ca/y"}, Names: []string{"ca/x"}})
	want(2, true, 4)
	s.Stale(vault.Changes{Accounts: []string{"ca/x"}})
	want(2, false, 5)
	want(3, true, 5)
	s.Stale(vault.Changes{All: true})
	want(3, true, 6)
	want(3, true, 6)
	must.Do(t, s.Write(ctx, "ca/x", []byte("four"), 3)) // this one, and nobody has to tell
	want(3, false, 7)
	s.Stale(vault.Changes{All: true})
	away = errors.New("away")
	want(4, false, 8)
}
