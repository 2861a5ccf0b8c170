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

// A sealing is what opens the seals of a database.
type sealing struct {
	wraps  []string // ids of the key-encryption keys, of which one is needed
	opened bool     // one that is here opens them
	closed string   // why one that was to open them could not be asked; "" otherwise
}

// verify reads the whole database of a backup, and, where there is what opens
// them, opens the data keys by which all else is sealed.
func verify(ctx context.Context, database string, keks []seal.KEK) (schema int64, found sealing, err error) {
	schema, err = sqlstore.Verify(ctx, database, func(r vault.Reader) (err error) {
		if found.wraps, err = seal.WrappedBy(r); err != nil || len(found.wraps) == 0 || len(keks) == 0 {
			return err // nothing was ever sealed, or nothing is there to open it
		}
		_, err = seal.Read(ctx, snapshot{r: r}, keks)
		if errors.Is(err, seal.ErrUnavailable) {
			found.closed, err = err.Error(), nil
			return err
		}
		found.opened = err == nil
		return err
	})
	if err != nil {
		return 0, sealing{}, fmt.Errorf("check the copy: %w", err)
	}
	return schema, found, nil
}

// opener is what opens the seals: the configuration's key-encryption keys, else
// the keyset file at a path, if it is there.
func opener(keks []seal.KEK, path string) []seal.KEK {
	if len(keks) > 0 {
		return keks
	}
	if _, err := os.Stat(path); path == "" || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return []seal.KEK{seal.NewFile(path)}
}

// A snapshot is a Store of rows that are only read.
type snapshot struct {
	vault.Store
	r vault.Reader
}

// View implements vault.Store.
func (s snapshot) View(_ context.Context, fn func(vault.Reader) error) error { return fn(s.r) }
