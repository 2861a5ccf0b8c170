package sqlstore

import (
	"context"
	"fmt"

	"certwright/internal/vault"
)

// Verify reads a whole database that nobody uses, such as a copy, and changes
// nothing: that it is ours and this program may use it, and SQLite's own
// check. Then look, which may be nil, sees its rows. It returns the version of the schema.
func Verify(ctx context.Context, path string, look func(vault.Reader) error) (schema int64, err error) {
	err = reading(ctx, path, "mode=ro&immutable=1", func(s *session) error {
		if err := ours(ctx, s); err != nil {
			return err
		}
		found, known, err := foundSchema(ctx, s)
		if schema = found.version; err == nil {
			err = found.usable(known)
		}
		if err != nil {
			return err
		}
		if err := integrity(s); err != nil || look == nil {
			return err
		}
		r := &reader{session: s, ctx: ctx}
		defer r.ended.Store(true)
		return look(r)
	})
	if err != nil {
		err = fmt.Errorf("verify %s: %w", path, sqliteFault(err))
	}
	return schema, err
}

// foundSchema is that of a SQLite database, and the version up to which this program knows it.
func foundSchema(ctx context.Context, s *session) (found schema, known int64, err error) {
	if found, err = sqliteSchema(ctx, s); err == nil {
		_, known, err = migrationsOf(sqlite)
	}
	return found, known, err
}

// integrity runs SQLite's check over all of the database.
func integrity(s *session) error {
	var found string
	if err := s.one("PRAGMA integrity_check(1)", nil, &found); err != nil {
		return fmt.Errorf("check the database: %w", err)
	}
	if found != "ok" {
		return fmt.Errorf("check the database: %s", found)
	}
	return nil
}
