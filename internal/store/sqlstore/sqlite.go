package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"
	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// applicationID marks a SQLite file as Certwright's ("CtWr").
const applicationID = 0x43745772

// sqlite is the dialect of SQLite. The cache is per connection; with five of
// them the whole stays under 12 MB, and the system's file cache holds the rest.
var sqlite = dialect{
	folder: "sqlite",
	goose:  goose.DialectSQLite3,
	setup: []string{
		"PRAGMA busy_timeout = 5000",
		"PRAGMA synchronous = FULL",
		// What is purged is overwritten with zeros, also in pages set free. Measured
		// with 16 writers who purge as much as they write: FAST, which leaves
		// the pages set free, costs nothing, ON 3 to 48 % of the commits; only those
		// who delete pay it.
		"PRAGMA secure_delete = ON",
		"PRAGMA foreign_keys = ON",
		"PRAGMA cache_size = -2000",
		// The checkpointer writes the log back (checkpoint.go); this is a net
		// below it, in pages.
		"PRAGMA wal_autocheckpoint = 65536",
		"PRAGMA journal_size_limit = 16777216", // what a log keeps of a length that it once had, in bytes
	},
	views:      []string{"PRAGMA query_only = ON"},
	view:       "BEGIN",
	begin:      "BEGIN IMMEDIATE",
	writers:    1,
	readers:    4,
	alone:      true,
	fault:      func(error) fault { return isFinal },
	early:      sqlOutbox,
	inspect:    sqliteInspect,
	setVersion: sqliteSetVersion,
	giveUp:     sqliteGiveUp,
	given: func(t table) string {
		return fmt.Sprintf("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = '%s'", t.name)
	},
	giveAfter: func(t table, highest int64) []string {
		return []string{
			fmt.Sprintf("DELETE FROM sqlite_sequence WHERE name = '%s'", t.name),
			fmt.Sprintf("INSERT INTO sqlite_sequence (name, seq) SELECT name, %d FROM sqlite_schema WHERE name = '%s' AND sql LIKE '%%AUTOINCREMENT%%'", highest, t.name),
		}
	},
	tend:  newCheckpointer,
	leave: sqliteLeave,
}

// sqliteInspect looks before it touches: a file of another program stays as it is.
func sqliteInspect(ctx context.Context, s *session) (schema, error) {
	var id int64
	if err := s.pragma(ctx, "application_id", &id); err != nil {
		return schema{}, err
	}
	if id != applicationID {
		var tables int64
		if err := s.conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
			return schema{}, fmt.Errorf("look for tables: %w", err)
		}
		if tables > 0 || id != 0 {
			return schema{}, ErrForeign
		}
	}
	var mode string
	if err := s.pragma(ctx, "journal_mode = WAL", &mode); err != nil {
		return schema{}, err
	}
	if mode != "wal" {
		return schema{}, fmt.Errorf("write-ahead logging is not possible here (mode %s)\nhint: put the data folder on a local disk", mode)
	}
	if id != applicationID {
		if _, err := s.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", applicationID)); err != nil {
			return schema{}, fmt.Errorf("mark the database: %w", err)
		}
	}
	return sqliteSchema(ctx, s)
}

// sqliteSchema reads the schema of a database that is ours.
func sqliteSchema(ctx context.Context, s *session) (schema, error) {
	var version, tables int64
	err := s.pragma(ctx, "user_version", &version)
	if err == nil {
		err = s.one("SELECT count(*) FROM sqlite_schema WHERE name = 'settings'", nil, &tables)
	}
	if err != nil || tables == 0 {
		return schema{version, version}, err
	}
	return s.schemaOf(version)
}

// pragma runs a pragma that answers one value.
func (s *session) pragma(ctx context.Context, text string, into any) error {
	if err := s.conn.QueryRowContext(ctx, "PRAGMA "+text).Scan(into); err != nil {
		return fmt.Errorf("pragma %s: %w", text, err)
	}
	return nil
}

// sqliteFault names an error of the engine as what it means here.
func sqliteFault(err error) error {
	var fault *driver.Error
	if !errors.As(err, &fault) {
		return err
	}
	switch fault.Code() & 0xff {
	case lib.SQLITE_NOTADB:
		return ErrForeign
	case lib.SQLITE_CORRUPT:
		return fmt.Errorf("the database is damaged: %w\nhint: restore a backup", err)
	}
	return err
}

func sqliteSetVersion(ctx context.Context, s *session, version int64) error {
	_, err := s.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version))
	return err
}

// sqliteLeave writes the log back into the database and leaves it empty. On a
// full disk it stays, with all that is in it.
func sqliteLeave(s *session) error {
	var busy, pages, moved int64
	if err := s.one("PRAGMA wal_checkpoint(TRUNCATE)", nil, &busy, &pages, &moved); err != nil && storageError(err) == nil {
		return fmt.Errorf("write the log back: %w", err)
	}
	return s.keepFiles()
}

// sqliteGiveUp has the log stay as long as it is when the last connection
// closes: who comes next sees that it is not lost.
func sqliteGiveUp(s *session) error {
	var limit int64
	if err := s.pragma(context.Background(), "journal_size_limit = -1", &limit); err != nil {
		return err
	}
	return s.keepFiles()
}

// keepFiles has the files beside the database stay when the last connection
// closes: on a full disk they could not be made again.
func (s *session) keepFiles() error {
	return s.conn.Raw(func(conn any) error {
		c, ok := conn.(driver.FileControl)
		if !ok {
			return errors.New("the driver cannot keep the log")
		}
		_, err := c.FileControlPersistWAL("main", 1)
		return err
	})
}
