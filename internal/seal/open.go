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

// Why Open refuses. The errors wrap one of these, files.ErrExposed or
// ErrUnavailable.
var (
	ErrLost      = errors.New("the keyset file is missing")
	ErrEmptied   = errors.New("the database of this keyset is lost")
	ErrForeign   = errors.New("the keyset does not open this database")
	ErrMalformed = errors.New("the keyset file is damaged")
)

// An Opening says which database's keyset is opened, and by what.
type Opening struct {
	Store vault.Store
	KEKs  []KEK // the first makes new data keys; any that wraps those there are opens them
	New   bool  // a database that has no data keys yet is meant, whatever the file was used for
}

// Open opens the keyset of a database with the key-encryption keys of a file.
func Open(ctx context.Context, store vault.Store, path string) (k *Keyset, created bool, err error) {
	return Opening{Store: store, KEKs: []KEK{NewFile(path)}}.Open(ctx)
}

// Open returns the Keyset of a database: its data keys from the store's account
// DataKeys, opened by a key-encryption key. Where there are neither data keys nor
// a file, it makes both and tells that it did. It never makes a file beside a
// database that was sealed with another: that one is lost or elsewhere, and the
// private keys cannot be read without it. Nor does it make data keys for a file
// that was used, unless that is meant: then the database was lost.
//
// Several servers may begin one new database at once: who comes late uses what
// the first one wrote.
func (o Opening) Open(ctx context.Context) (k *Keyset, created bool, err error) {
	k, created, err = o.try(ctx)
	if errors.Is(err, vault.ErrStale) {
		return o.try(ctx)
	}
	return k, created, err
}

func (o Opening) try(ctx context.Context) (k *Keyset, created bool, err error) {
	row, err := readRow(ctx, o.Store, DataKeys)
	if err != nil {
		return nil, false, err
	}
	if file, ok := o.KEKs[0].(*FileKEK); ok && len(o.KEKs) == 1 {
		return o.byFile(ctx, file, row)
	}
	if err := o.filesThere(); err != nil {
		return nil, false, err
	}
	if row == nil {
		k, err := o.begin(ctx)
		return k, err == nil, err
	}
	k, err = o.use(ctx, row)
	return k, false, err
}

// filesThere refuses where one of several key-encryption keys is a file that is
// not there or cannot be used.
func (o Opening) filesThere() error {
	for _, kek := range o.KEKs {
		file, ok := kek.(*FileKEK)
		if !ok {
			continue
		}
		_, err := file.load()
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: %s\nhint: put it back from a backup; certwright keyset make %[2]s makes a new one, to change to", ErrLost, file.path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (o Opening) byFile(ctx context.Context, file *FileKEK, row *vault.Account) (k *Keyset, created bool, err error) {
	_, err = file.load()
	switch missing := errors.Is(err, fs.ErrNotExist); {
	case missing && row == nil:
		k, err := o.beginFile(ctx, file)
		return k, err == nil, err
	case missing:
		if err := finish(ctx, file, row); err != nil {
			return nil, false, err
		}
	case err != nil:
		return nil, false, err
	case row == nil && o.New:
		k, err := o.begin(ctx)
		return k, false, err
	case row == nil:
		return nil, false, fmt.Errorf("%w: %s was used, and the database has no data keys\nhint: put the database back from a backup", ErrEmptied, file.path)
	}
	k, err = o.use(ctx, row)
	return k, false, err
}

// begin gives a new database its data keys.
func (o Opening) begin(ctx context.Context) (*Keyset, error) {
	data, err := newHandle()
	if err != nil {
		return nil, err
	}
	rec := record{Version: recordVersion}
	if rec.Wraps, err = wrapAll(ctx, o.KEKs, data, DataKeys); err != nil {
		return nil, err
	}
	rev, err := putRow(ctx, o.Store, DataKeys, rec, 0)
	if err != nil {
		return nil, err
	}
	k := &Keyset{store: o.Store, keks: o.KEKs}
	return k, k.use(data, rec, rev)
}

// beginFile makes the keys of a new folder. The file gets its name last: while
// it has not, the folder is a new one, and a start that was killed is made again.
func (o Opening) beginFile(ctx context.Context, file *FileKEK) (*Keyset, error) {
	kek, err := newHandle()
	if err != nil {
		return nil, err
	}
	text, err := encode(kek)
	if err == nil {
		err = files.Prepare(file.path, text, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("write the keyset file: %w", err)
	}
	file.set(kek)
	k, err := o.begin(ctx)
	if err != nil {
		return nil, err
	}
	if err := files.Finish(file.path); err != nil {
		return nil, fmt.Errorf("write the keyset file: %w", err)
	}
	return k, nil
}

// finish ends what a first start began that was killed before the file got its
// name. Any other missing file is lost.
func finish(ctx context.Context, file *FileKEK, row *vault.Account) error {
	var kek *keyset.Handle
	rec, err := parseRecord(row.Body)
	if err == nil {
		kek, err = readFile(file.path + files.Next)
	}
	if err == nil {
		next := []KEK{&FileKEK{read: kek}}
		_, err = unlock(ctx, next, rec, DataKeys)
	}
	if err != nil {
		return fmt.Errorf("%w: %s: the private keys and secrets of this database cannot be read without it\nhint: put the file back from a backup; if it is gone for good, begin with an empty data folder", ErrLost, file.path)
	}
	if err := files.Finish(file.path); err != nil {
		return fmt.Errorf("write the keyset file: %w", err)
	}
	file.set(kek)
	return nil
}

// use opens the data keys.
func (o Opening) use(ctx context.Context, row *vault.Account) (*Keyset, error) {
	rec, err := parseRecord(row.Body)
	if err != nil {
		return nil, err
	}
	data, err := unlock(ctx, o.KEKs, rec, DataKeys)
	if file, ok := o.KEKs[0].(*FileKEK); ok && len(o.KEKs) == 1 && errors.Is(err, ErrForeign) {
		return nil, fmt.Errorf("%w: %s; its data keys are wrapped by %s\nhint: the file belongs to another database or was replaced; put the right one back", ErrForeign, file.path, list(rec.keks()))
	}
	if err != nil {
		return nil, err
	}
	k := &Keyset{store: o.Store, keks: o.KEKs}
	return k, k.use(data, rec, row.Rev)
}

// Read returns the Keyset of a database that is only read. It makes nothing; a
// database in which nothing was sealed yet is vault.ErrNotFound.
func Read(ctx context.Context, store vault.Store, keks []KEK) (*Keyset, error) {
	row, err := readRow(ctx, store, DataKeys)
	if err != nil {
		return nil, err
	}
	if row == nil {
		return nil, fmt.Errorf("the database has no data keys: %w", vault.ErrNotFound)
	}
	for _, kek := range keks {
		if file, ok := kek.(*FileKEK); ok {
			if _, err := file.load(); err != nil {
				return nil, err
			}
		}
	}
	return Opening{Store: store, KEKs: keks}.use(ctx, row)
}
