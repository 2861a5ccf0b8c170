package account_test

import (
	"errors"
	"testing"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// Rows come back as written, sealed, each at its own place, and the slower of
// two writers is told.
func TestBook(t *testing.T) {
	t.Parallel()
	ctx, b := t.Context(), sqltest.Accounts(t)
	if _, _, err := b.Read(ctx, "acme/x"); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("no row: %v", err)
	}
	must.Do(t, b.Write(ctx, "acme/x", []byte("one"), 0))
	if err := b.Write(ctx, "acme/x", []byte("late"), 0); !errors.Is(err, vault.ErrStale) {
		t.Errorf("a second first writer: %v", err)
	}
	plain, rev, err := b.Read(ctx, "acme/x")
	if err != nil || string(plain) != "one" {
		t.Fatalf("%q %v", plain, err)
	}
	must.Do(t, b.Write(ctx, "acme/x", []byte("two"), rev))
	if err := b.Write(ctx, "acme/x", []byte("late"), rev); !errors.Is(err, vault.ErrStale) {
		t.Errorf("a stale writer: %v", err)
	}
	var row vault.Account
	if err := b.Store.View(ctx, func(r vault.Reader) (err error) { row, err = r.Account("acme/x"); return err }); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Sealer.Open(row.Body, "accounts/acme/y"); err == nil {
		t.Error("a row opens at another place")
	}
}
