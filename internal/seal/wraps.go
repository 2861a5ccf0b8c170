package seal

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tink-crypto/tink-go/v2/keyset"

	"certwright/internal/vault"
)

// DataKeys is the account in which the wrapped data keys of a database lie. It
// is also the check at the start: a key-encryption key that does not open it opens nothing.
const DataKeys = "seal/data-keys"

// BackupKeys is the account of the keys that blobs are sealed under which leave the database.
const BackupKeys = "seal/backup-keys"

// A record is the body of an account of wrapped keys. Earlier programs wrote
// what is now the only blob, by a file, and nothing around it.
type record struct {
	Version int       `json:"version"`
	ID      string    `json:"id,omitempty"`     // of BackupKeys: names the keys in blobs
	Wraps   []Wrap    `json:"wraps"`            // of the same keys, by several key-encryption keys
	Changed time.Time `json:"changed,omitzero"` // when a key was published or became the primary one
	Earlier []byte    `json:"earlier,omitempty"`
}

// A Wrap is a keyset encrypted by one key-encryption key.
type Wrap struct {
	KEK  string `json:"kek"` // its id
	Blob []byte `json:"blob"`
}

const recordVersion = 2

func parseRecord(body vault.Sealed) (r record, err error) {
	if len(body) == 0 || body[0] != '{' {
		return record{Version: 1, Wraps: []Wrap{{"file", bytes.Clone(body)}}}, nil
	}
	if err := json.Unmarshal(body, &r); err != nil || r.Version < recordVersion {
		return r, errors.New("read the data keys: their row is damaged\nhint: put the database back from a backup")
	}
	if r.Version > recordVersion {
		return r, errors.New("read the data keys: their row was written by a newer program\nhint: start that one")
	}
	return r, nil
}

func (r record) body() (vault.Sealed, error) {
	r.Version = recordVersion
	return json.Marshal(r)
}

// keks are the ids of the key-encryption keys.
func (r record) keks() (ids []string) {
	for _, w := range r.Wraps {
		ids = append(ids, w.KEK)
	}
	return ids
}

// WrappedBy returns the ids of the key-encryption keys of which one is needed
// for a database; nil for one in which nothing was sealed yet.
func WrappedBy(r vault.Reader) ([]string, error) {
	row, err := r.Account(DataKeys)
	if errors.Is(err, vault.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rec, err := parseRecord(row.Body)
	return rec.keks(), err
}

// wrap encrypts a keyset with a key-encryption key.
func wrap(ctx context.Context, kek KEK, data *keyset.Handle, account string) (Wrap, error) {
	var out bytes.Buffer
	with := &wrapper{KEK: kek}
	err := data.WriteWithContext(ctx, keyset.NewBinaryWriter(&out), with, []byte(account))
	return Wrap{kek.ID(), out.Bytes()}, cmp.Or(with.failed, err)
}

func unwrap(ctx context.Context, kek KEK, w Wrap, account string) (*keyset.Handle, error) {
	with := &wrapper{KEK: kek}
	data, err := keyset.ReadWithContext(ctx, keyset.NewBinaryReader(bytes.NewReader(w.Blob)), with, []byte(account))
	return data, cmp.Or(with.failed, err)
}

// wrapAll encrypts a keyset with each of some key-encryption keys, and sees that
// each opens what it made: a key that only encrypts would be noticed too late.
func wrapAll(ctx context.Context, keks []KEK, data *keyset.Handle, account string) (all []Wrap, err error) {
	for _, kek := range keks {
		w, err := wrap(ctx, kek, data, account)
		if err == nil {
			_, err = unwrap(ctx, kek, w, account)
		}
		if err != nil {
			return nil, fmt.Errorf("wrap the data keys with %s: %w", kek.ID(), err)
		}
		all = append(all, w)
	}
	return all, nil
}

// unlock decrypts a keyset with the first of the key-encryption keys that it is
// wrapped by. No other stands in for one that cannot be used now.
func unlock(ctx context.Context, keks []KEK, r record, account string) (*keyset.Handle, error) {
	var refused error
	for _, kek := range keks {
		for _, w := range wrapsFor(kek, keks, r) {
			data, err := unwrap(ctx, kek, w, account)
			if err == nil {
				return data, nil
			}
			if errors.Is(err, ErrUnavailable) || ctx.Err() != nil {
				return nil, fmt.Errorf("unwrap the data keys with %s: %w", kek.ID(), err)
			}
			refused = errors.Join(refused, fmt.Errorf("%s: %w", kek.ID(), err))
		}
	}
	if refused != nil {
		return nil, fmt.Errorf("%w: %w", ErrForeign, refused)
	}
	return nil, fmt.Errorf("%w: its data keys are wrapped by %s, and the configuration names %s\nhint: name under keyset what wraps them",
		ErrForeign, list(r.keks()), list(idsOf(keks)))
}

// wrapsFor are the wraps that a key-encryption key may open: its own, else those
// of its kind that no other of the configuration made, since a server may be
// reached at another address and a row of an earlier program names no file.
func wrapsFor(kek KEK, keks []KEK, r record) (own []Wrap) {
	id := kek.ID()
	for _, w := range r.Wraps {
		if w.KEK == id {
			return []Wrap{w}
		}
		if kindOf(w.KEK) == kindOf(id) && !slices.Contains(idsOf(keks), w.KEK) {
			own = append(own, w)
		}
	}
	return own
}

func idsOf(keks []KEK) (ids []string) {
	for _, kek := range keks {
		ids = append(ids, kek.ID())
	}
	return ids
}

func list(ids []string) string { return strings.Join(ids, " and ") }

// readRow returns an account, or nil if the database has none yet.
func readRow(ctx context.Context, store vault.Store, account string) (*vault.Account, error) {
	var row vault.Account
	err := store.View(ctx, func(r vault.Reader) (err error) {
		row, err = r.Account(account)
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

// putRow stores a record over revision rev and returns the new one.
func putRow(ctx context.Context, store vault.Store, account string, r record, rev int64) (int64, error) {
	body, err := r.body()
	if err != nil {
		return 0, err
	}
	var row vault.Account
	err = store.Update(ctx, func(tx vault.Tx) (err error) {
		if err := tx.PutAccount(vault.Account{ID: account, Body: body, Rev: rev}); err != nil {
			return err
		}
		row, err = tx.Account(account)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("store the data keys: %w", err)
	}
	return row.Rev, nil
}
