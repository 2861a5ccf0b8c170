// Package account keeps what issuers must not forget between orders, such as
// account keys and CRL numbers: sealed rows of the store, each bound to its id.
// It may not know what is in them. Begin with Book.
package account

import (
	"context"
	"fmt"
	"time"

	"certwright/internal/vault"
)

// Book is the vault.Accounts on a store.
type Book struct {
	Store  vault.Store
	Sealer vault.Sealer
}

// Binding is the place that a row is sealed to.
func Binding(id string) string { return vault.AccountBinding(id) }

// Read implements vault.Accounts.
func (b Book) Read(ctx context.Context, id string) (plain []byte, rev int64, err error) {
	var row vault.Account
	err = b.Store.View(ctx, func(r vault.Reader) (err error) {
		row, err = r.Account(id)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	if plain, err = b.Sealer.Open(row.Body, Binding(id)); err != nil {
		return nil, 0, fmt.Errorf("open account %s: %w", id, err)
	}
	return plain, row.Rev, nil
}

// Ahead implements vault.Dated.
func (b Book) Ahead() time.Duration { return vault.Ahead(b.Store) }

// Write implements vault.Accounts.
func (b Book) Write(ctx context.Context, id string, plain []byte, rev int64) error {
	body, err := b.Sealer.Seal(plain, Binding(id))
	if err != nil {
		return fmt.Errorf("seal account %s: %w", id, err)
	}
	return b.Store.Update(ctx, func(tx vault.Tx) error {
		return tx.PutAccount(vault.Account{ID: id, Body: body, Rev: rev})
	})
}
