package account_test

import (
	"errors"
	"testing"

	"certwright/internal/account"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore"
	"certwright/internal/store/sqlstore/sqltest"
)

// What was made of a row is made once for each revision, and is never older than
// the row, whoever writes it.
func TestKept(t *testing.T) {
	t.Parallel()
	book := sqltest.Accounts(t)
	rows := &account.Shared{Sole: account.Sole{Book: book}, Revision: book.Store.(*sqlstore.Store).AccountRevision}
	made := 0
	length := func(plain []byte) (int, error) {
		made++
		if len(plain) == 0 {
			return 0, errors.New("it is empty")
		}
		return len(plain), nil
	}
	var kept account.Kept[int]
	want := func(n int, rev int64, after int) {
		t.Helper()
		got, at, err := kept.Read(t.Context(), rows, "ca/x", length)
		must.Do(t, err)
		if got != n || at != rev || made != after {
			t.Errorf("%d of revision %d, made %d times; want %d of %d, %d times", got, at, made, n, rev, after)
		}
	}
	want(0, 0, 0)
	want(0, 0, 0)
	must.Do(t, book.Write(t.Context(), "ca/x", []byte("one"), 0)) // another server
	want(3, 1, 1)
	want(3, 1, 1)
	must.Do(t, book.Write(t.Context(), "ca/x", []byte("eleven"), 1))
	want(6, 2, 2)
	must.Do(t, book.Write(t.Context(), "ca/x", nil, 2))
	if got, _, err := kept.Read(t.Context(), rows, "ca/x", length); err == nil {
		t.Errorf("a row that will not do is taken for %d", got)
	}
	must.Do(t, book.Write(t.Context(), "ca/x", []byte("two"), 3))
	want(3, 4, 4)
	if _, _, err := kept.Read(t.Context(), &account.Shared{Sole: account.Sole{Book: book}, Revision: rows.Revision}, "ca/x", length); err != nil || made != 4 {
		t.Errorf("made %d times, %v", made, err)
	}
}
