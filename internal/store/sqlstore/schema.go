package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"certwright/internal/vault"
)

// minReaderSetting says which programs may use the schema: those that know the
// schema of that version. A migration that only adds leaves programs of before at
// work, and one that takes away or changes what they know raises it; each says so
// in its own transaction. Without it only those that know all of the schema may.
const minReaderSetting = "schema.min_reader"

// A schema is how a database is laid out.
type schema struct {
	version int64 // of the last migration; 0 without any
	least   int64 // the version that a program has to know to read and write it
}

// usable refuses a schema that a program which knows it up to a version would misread.
func (s schema) usable(known int64) error {
	if s.least > known {
		return ErrNewer
	}
	return nil
}

// Usable is ErrNewer once a later program, which shares the database, took away
// or changed what this one knows of it.
func (s *Store) Usable(ctx context.Context) error {
	var newer error
	_, known, err := migrationsOf(s.dialect)
	if err == nil {
		err = s.noted(s.withReader(ctx, func(held *session) error {
			held.forget() // it is a transaction by itself
			found, err := held.schemaOf(known)
			newer = found.usable(known)
			return err
		}), true)
	}
	return errors.Join(err, newer)
}

// schemaOf is a schema of a version, in a database that has the table of settings.
func (s *session) schemaOf(version int64) (schema, error) {
	var said string
	err := s.one("SELECT value FROM settings WHERE key = $1", []any{minReaderSetting}, &said)
	if errors.Is(err, vault.ErrNotFound) {
		return schema{version, version}, nil
	}
	least, bad := strconv.ParseInt(said, 10, 64)
	if err = errors.Join(err, bad); err != nil {
		return schema{}, fmt.Errorf("read which programs may use the schema: %w", err)
	}
	return schema{version, least}, nil
}
