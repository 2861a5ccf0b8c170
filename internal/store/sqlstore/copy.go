package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	driver "modernc.org/sqlite"
)

// copyPages is how many pages are copied between two looks at the context. They
// are put on the disk as well then: all at the end, they would hold up the
// commits of a server on the same disk.
const copyPages = 2048

// Copy copies the database at from, as it is at one moment, to the new file to,
// of mode 0600, and is done when it is on the disk. A server may write to from
// meanwhile: a snapshot is read, which holds nobody up; until the end the log
// grows by what is written. progress is told of pages, and may be nil.
func Copy(ctx context.Context, from, to string, progress func(done, all int)) (err error) {
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	defer func() { // not before SQLite is done with it, whose locks this ends
		err = errors.Join(err, target.Close())
		if err != nil {
			err = errors.Join(fmt.Errorf("copy the database %s: %w", from, sqliteFault(err)), os.Remove(to))
		}
	}()
	return reading(ctx, from, "mode=ro", func(s *session) error {
		if err := ours(ctx, s); err != nil {
			return err
		}
		if _, err := s.conn.ExecContext(ctx, sqlite.view); err != nil {
			return fmt.Errorf("begin a snapshot: %w", err)
		}
		defer s.conn.ExecContext(context.Background(), "ROLLBACK")
		var tables int64
		if err := s.conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil { // the first read takes the snapshot
			return fmt.Errorf("begin a snapshot: %w", err)
		}
		return s.conn.Raw(func(conn any) error { return copyTo(ctx, conn, target, progress) })
	})
}

// reading runs fn on a connection that cannot write; how are parameters of
// SQLite's URI.
func reading(ctx context.Context, path, how string, fn func(*session) error) error {
	db, err := sql.Open("sqlite", dsn(path)+"?"+how)
	if err != nil {
		return err
	}
	defer db.Close()
	s, err := newSession(ctx, db, &sqlite, []string{"PRAGMA busy_timeout = 5000", "PRAGMA cache_size = -2000"}, sqlite.views)
	if err != nil {
		return err
	}
	defer s.close()
	return fn(s)
}

// ours refuses the database of another program.
func ours(ctx context.Context, s *session) error {
	var id int64
	if err := s.pragma(ctx, "application_id", &id); err != nil {
		return err
	}
	if id != applicationID {
		return ErrForeign
	}
	return nil
}

// copyTo copies all pages in the snapshot that the connection holds. While it
// does, SQLite does not begin anew when others write.
func copyTo(ctx context.Context, conn any, to *os.File, progress func(done, all int)) error {
	source, ok := conn.(interface {
		NewBackup(uri string) (*driver.Backup, error)
	})
	if !ok {
		return errors.New("the driver makes no copies")
	}
	copying, err := source.NewBackup(dsn(to.Name()))
	if err != nil {
		return err
	}
	for more := true; more && err == nil; {
		if err = ctx.Err(); err != nil {
			break
		}
		if more, err = copying.Step(copyPages); err == nil {
			err = to.Sync()
		}
		if err == nil && progress != nil {
			progress(copying.PageCount()-copying.Remaining(), copying.PageCount())
		}
	}
	return errors.Join(err, copying.Finish())
}
