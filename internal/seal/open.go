package seal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/tink-crypto/tink-go/v2/keyset"

	"certwright/internal/files"
	"certwright/internal/vault"
)

// Why Open refuses. The errors wrap one of these, or files.ErrExposed, and end
// with a hint line.
var (
	ErrLost      = errors.New("the keyset file is missing")
	ErrEmptied   = errors.New("the database of this keyset is lost")
	ErrForeign   = errors.New("the keyset does not open this database")
	ErrMalformed = errors.New("the keyset file is damaged")
)

// Open returns the Keyset of a database: the key-encryption keys from the file
// at path, the data keys from the store's account DataKeys. Where there is
// neither, it makes both and tells that it did. It never makes a file beside a
// database that was sealed with another: that one is lost or elsewhere, and the
// private keys cannot be read without it. Nor does it make data keys for a file
// that was used: then the database was lost.
func Open(ctx context.Context, store vault.Store, path string) (k *Keyset, created bool, err error) {
	row, err := readDataKeys(ctx, store)
	if err != nil {
		return nil, false, err
	}
	kek, err := readFile(path)
	switch missing := errors.Is(err, fs.ErrNotExist); {
	case missing && row == nil:
		k, err := begin(ctx, store, path)
		return k, err == nil, err
	case missing:
		if kek, err = finish(path, row); err != nil {
			return nil, false, err
		}
	case err != nil:
		return nil, false, err
	case row == nil:
		return nil, false, fmt.Errorf("%w: %s was used, and the database has no data keys\nhint: put the database back from a backup", ErrEmptied, path)
	}
	k, err = use(store, path, kek, row)
	return k, false, err
}

// Begin returns the Keyset of a database that has no data keys yet, with the
// key-encryption keys of the file at path, if there is one. What they sealed
// for elsewhere, such as backups, opens again.
func Begin(ctx context.Context, store vault.Store, path string) (k *Keyset, created bool, err error) {
	kek, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Open(ctx, store, path)
	}
	if err != nil {
		return nil, false, err
	}
	row, err := makeDataKeys(ctx, store, kek)
	if err != nil {
		return nil, false, err
	}
	k, err = use(store, path, kek, row)
	return k, false, err
}

// begin makes the keys of a new folder. The file gets its name last: while it
// has not, the folder is a new one, and a start that was killed is made again.
func begin(ctx context.Context, store vault.Store, path string) (*Keyset, error) {
	kek, err := newHandle()
	if err != nil {
		return nil, err
	}
	text, err := encode(kek)
	if err == nil {
		err = files.Prepare(path, text, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("write the keyset file: %w", err)
	}
	row, err := makeDataKeys(ctx, store, kek)
	if err != nil {
		return nil, err
	}
	if err := files.Finish(path); err != nil {
		return nil, fmt.Errorf("write the keyset file: %w", err)
	}
	return use(store, path, kek, row)
}

// finish ends what a first start began that was killed before the file got its
// name. Any other missing file is lost.
func finish(path string, row *vault.Account) (*keyset.Handle, error) {
	kek, err := readFile(path + files.Next)
	if err == nil {
		_, err = unwrap(kek, row.Body)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: the private keys and secrets of this database cannot be read without it\nhint: put the file back from a backup; if it is gone for good, begin with an empty data folder", ErrLost, path)
	}
	if err := files.Finish(path); err != nil {
		return nil, fmt.Errorf("write the keyset file: %w", err)
	}
	return kek, nil
}

// use opens the data keys.
func use(store vault.Store, path string, kek *keyset.Handle, row *vault.Account) (*Keyset, error) {
	data, err := unwrap(kek, row.Body)
	if err != nil {
		return nil, fmt.Errorf("%w: %s\nhint: the file belongs to another database or is older than this one's last rotation; put the right one back", ErrForeign, path)
	}
	k := &Keyset{path: path, store: store}
	return k, k.use(kek, data, row.Rev)
}
