package seal

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"certwright/internal/vault"
)

// DataKeys is the account in which the wrapped data keys of a database lie. It
// is also the check at the start: a keyset file that does not open it opens nothing.
const DataKeys = "seal/data-keys"

// readDataKeys returns the account, or nil if the database has none yet.
func readDataKeys(ctx context.Context, store vault.Store) (*vault.Account, error) {
	var row vault.Account
	err := store.View(ctx, func(r vault.Reader) (err error) {
		row, err = r.Account(DataKeys)
		return err
	})
	if errors.Is(err, vault.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the data keys: %w", err)
	}
	return &row, nil
}

// makeDataKeys gives a new database its data keys.
func makeDataKeys(ctx context.Context, store vault.Store, kek *keyset.Handle) (*vault.Account, error) {
	data, err := newHandle()
	if err != nil {
		return nil, err
	}
	if _, err := putDataKeys(ctx, store, kek, data, 0); err != nil {
		return nil, err
	}
	return readDataKeys(ctx, store)
}

// putDataKeys wraps and stores the data keys over revision rev, and returns the new one.
func putDataKeys(ctx context.Context, store vault.Store, kek, data *keyset.Handle, rev int64) (int64, error) {
	body, err := wrap(kek, data)
	if err != nil {
		return 0, err
	}
	var row vault.Account
	err = store.Update(ctx, func(tx vault.Tx) (err error) {
		if err := tx.PutAccount(vault.Account{ID: DataKeys, Body: body, Rev: rev}); err != nil {
			return err
		}
		row, err = tx.Account(DataKeys)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("store the data keys: %w", err)
	}
	return row.Rev, nil
}

func wrap(kek, data *keyset.Handle) (vault.Sealed, error) {
	key, err := aead.New(kek)
	if err != nil {
		return nil, fmt.Errorf("use the key-encryption keys: %w", err)
	}
	var out bytes.Buffer
	if err := data.WriteWithAssociatedData(keyset.NewBinaryWriter(&out), key, []byte(DataKeys)); err != nil {
		return nil, fmt.Errorf("wrap the data keys: %w", err)
	}
	return out.Bytes(), nil
}

func unwrap(kek *keyset.Handle, wrapped vault.Sealed) (*keyset.Handle, error) {
	key, err := aead.New(kek)
	if err != nil {
		return nil, fmt.Errorf("use the key-encryption keys: %w", err)
	}
	data, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(wrapped)), key, []byte(DataKeys))
	if err != nil {
		return nil, fmt.Errorf("unwrap the data keys: %w", err)
	}
	return data, nil
}
