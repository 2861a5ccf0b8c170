package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"certwright/internal/seal"
	"certwright/internal/store/sqlstore"
	"certwright/internal/vault"
)

// verify reads the whole database of a backup, and, where there is a keyset,
// opens the data keys by which all else is sealed.
func verify(ctx context.Context, database, keyset string) (schema int64, opened bool, err error) {
	if _, err := os.Stat(keyset); errors.Is(err, fs.ErrNotExist) {
		keyset = ""
	}
	schema, err = sqlstore.Verify(ctx, database, func(r vault.Reader) error {
		_, err := r.Account(seal.DataKeys)
		if errors.Is(err, vault.ErrNotFound) || err == nil && keyset == "" {
			return nil // nothing was ever sealed, or nothing is there to open it
		}
		if err == nil {
			_, _, err = seal.Open(ctx, snapshot{r: r}, keyset)
		}
		opened = err == nil
		return err
	})
	if err != nil {
		return 0, false, fmt.Errorf("check the copy: %w", err)
	}
	return schema, opened, nil
}

// A snapshot is a Store of rows that are only read.
type snapshot struct {
	vault.Store
	r vault.Reader
}

// View implements vault.Store.
func (s snapshot) View(_ context.Context, fn func(vault.Reader) error) error { return fn(s.r) }
