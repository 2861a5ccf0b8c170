package sqlstore

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"certwright/internal/vault"
)

// The settings that tell a database from others, and from its own past.
const (
	idSetting         = "database.id"
	generationSetting = "database.generation"
)

// An Identity tells a database from all others, and one state of it from
// another: what somebody keeps of it elsewhere shows whether this is the
// database that was here last.
type Identity struct {
	ID         string // random, made at the first opening; "" before it
	Generation int64  // goes up whenever the database is opened and whenever it is closed
	Empty      bool   // nothing was ever sealed for it
}

// Identity is what the database says of itself since it was opened or closed last.
func (s *Store) Identity() Identity { return s.identity }

// readIdentity reads what there is of it; a file without tables is empty, one
// with others' tables is refused.
func (s *session) readIdentity(ctx context.Context) (Identity, error) {
	id := Identity{Empty: true}
	var tables, needed int
	err := s.conn.QueryRowContext(ctx, "SELECT count(*), count(CASE WHEN name IN ('settings', 'accounts') THEN 1 END) FROM sqlite_schema").Scan(&tables, &needed)
	if err != nil {
		return id, fmt.Errorf("look for tables: %w", err)
	}
	if tables == 0 {
		return id, nil
	}
	if err := ours(ctx, s); err != nil || needed < 2 {
		return id, err
	}
	var generation string
	for _, q := range []struct {
		text string
		args []any
		into any
	}{
		{"SELECT count(*) = 0 FROM (SELECT 1 FROM accounts LIMIT 1)", nil, &id.Empty},
		{"SELECT value FROM settings WHERE key = $1", []any{idSetting}, &id.ID},
		{"SELECT value FROM settings WHERE key = $1", []any{generationSetting}, &generation},
	} {
		if err := s.one(q.text, q.args, q.into); err != nil && !errors.Is(err, vault.ErrNotFound) {
			return id, fmt.Errorf("read the database's identity: %w", err)
		}
	}
	if generation != "" {
		if id.Generation, err = strconv.ParseInt(generation, 10, 64); err != nil {
			return id, fmt.Errorf("read the database's identity: %w", err)
		}
	}
	return id, nil
}

// accepted asks who opens the database whether it is the right one, on a
// connection that cannot write. Only the half transaction of a first start that
// was killed before the database had a log is undone, as SQLite has to.
func accepted(ctx context.Context, path string, accept []func(Identity) error) error {
	if len(accept) == 0 {
		return nil
	}
	look := func(s *session) error {
		id, err := s.readIdentity(ctx)
		for _, fn := range accept {
			if err == nil {
				err = fn(id)
			}
		}
		return err
	}
	err := reading(ctx, path, "mode=ro", look)
	var fault *driver.Error
	if errors.As(err, &fault) && fault.Code() == lib.SQLITE_READONLY_ROLLBACK {
		err = reading(ctx, path, "mode=rw", look)
	}
	return err
}

// stamp begins the next generation, on the disk when it returns.
func (s *session) stamp(ctx context.Context) (Identity, error) {
	id, err := s.readIdentity(ctx)
	if err != nil {
		return id, err
	}
	if id.ID == "" {
		random := make([]byte, 16)
		_, _ = rand.Read(random) // never fails
		id.ID = hex.EncodeToString(random)
	}
	id.Generation++
	if _, err := s.exec("INSERT INTO settings (key, value) VALUES ($1, $2), ($3, $4) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
		idSetting, id.ID, generationSetting, strconv.FormatInt(id.Generation, 10)); err != nil {
		return id, fmt.Errorf("write the database's identity: %w", err)
	}
	return id, nil
}
