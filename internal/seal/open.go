package seal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"certwright/internal/vault"
)

// Why Open refuses. The errors wrap one of these, or files.ErrExposed, and end
// with a hint line.
var (
	ErrLost      = errors.New("the keyset file is missing")
	ErrForeign   = errors.New("the keyset does not open this database")
	ErrMalformed = errors.New("the keyset file is damaged")
)

// Open returns the Keyset of a database: the key-encryption keys from the file
// at path, the data keys from the store's account DataKeys. Where the database
// has none yet, it makes what is missing and tells whether it made the file. It
// never makes a file beside a database that was sealed with another: that one
// is lost or elsewhere, and the private keys cannot be read without it.
func Open(ctx context.Context, store vault.Store, path string) (k *Keyset, created bool, err error) {
	row, err := readDataKeys(ctx, store)
	if err != nil {
		return nil, false, err
	}
	kek, err := readFile(path)
	if missing := errors.Is(err, fs.ErrNotExist); missing && row != nil {
		return nil, false, fmt.Errorf("%w: %s: the private keys and secrets of this database cannot be read without it\nhint: put the file back from a backup; if it is gone for good, begin with an empty data folder", ErrLost, path)
	} else if missing {
		created = true
		kek, err = createFile(path)
	}
	if err != nil {
		return nil, false, err
	}
	if row == nil {
		if row, err = makeDataKeys(ctx, store, kek); err != nil {
			return nil, false, err
		}
	}
	data, err := unwrap(kek, row.Body)
	if err != nil {
		return nil, false, fmt.Errorf("%w: %s\nhint: the file belongs to another database or is older than this one's last rotation; put the right one back", ErrForeign, path)
	}
	k = &Keyset{path: path, store: store}
	if err := k.use(kek, data, row.Rev); err != nil {
		return nil, false, err
	}
	return k, created, nil
}
