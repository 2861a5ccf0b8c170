package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"certwright/internal/store/pgdriver"
)

// answerWait is how long a server may take for an answer: it ends a statement
// itself after 30 seconds (postgres.go).
const answerWait = 35 * time.Second

// A Store is a vault.Store in SQL.
type Store struct {
	db      *sql.DB
	dialect dialect
	writer  *writer
	tending *checkpointer
	trouble trouble
	readers *pool
	bond    *atomic.Pointer[bond]
	altered altered

	identity Identity
	before   int64         // the version of the schema when it was opened
	schema   int64         // and the one that it was brought to
	skew     *atomic.Int64 // nanoseconds by which the database's clock is ahead

	closing sync.Once
	closed  chan struct{}
}

// Open opens the SQLite database at path, which it makes if there is none, and
// brings its schema up to date. It ends all leases, so the caller must be the
// only process that uses the file. It refuses a database of a newer program and
// a file that is something else. Before anything is written, accept, if given,
// sees which database it is; its error is returned, and the file stays as it was.
func Open(ctx context.Context, path string, accept ...func(Identity) error) (*Store, error) {
	if err := createPrivate(path); err != nil {
		return nil, err
	}
	if err := accepted(ctx, path, accept); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, sqliteFault(err))
	}
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.SetMaxIdleConns(0) // so that the last one to close is the writer's, see leave
	s, err := start(ctx, db, sqlite)
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("open %s: %w", path, sqliteFault(err))
	}
	return s, nil
}

// start migrates a database and starts its writer.
func start(ctx context.Context, db *sql.DB, d dialect) (*Store, error) {
	s := &Store{db: db, dialect: d, bond: new(atomic.Pointer[bond]), skew: new(atomic.Int64),
		readers: newPool(d.readers), closed: make(chan struct{})}
	w, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	w.bond = nil // rows of before cannot be proved yet
	s.before, s.schema, err = migrate(ctx, db, w, d)
	var disk error
	if err == nil && d.alone {
		s.identity, disk, err = w.enter(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, d.giveUp(w), w.close())
	}
	w.bond = s.bond
	s.writer = newWriter(w, s.connect)
	if s.tending, err = d.tend(ctx, db, d, s.writer); err != nil {
		s.writer.close()
		w.close()
		return nil, err
	}
	_ = s.noted(disk, false)
	return s, nil
}

// Schema returns the version of the schema that opening found, 0 in an empty
// database, and the one that it brought it to.
func (s *Store) Schema() (before, now int64) { return s.before, s.schema }

// connect opens a session of the store's.
func (s *Store) connect(ctx context.Context, more ...[]string) (*session, error) {
	opened, err := newSession(ctx, s.db, &s.dialect, append([][]string{s.dialect.setup}, more...)...)
	if err != nil && !s.dialect.alone {
		return nil, &lostError{err}
	}
	if err != nil {
		return nil, err
	}
	opened.bond, opened.skew = s.bond, s.skew
	return opened, opened.conn.Raw(func(conn any) error {
		if away, is := conn.(*pgdriver.Conn); is {
			away.Patience = answerWait
		}
		return nil
	})
}

// enter ends all leases and begins a generation. Where the disk will not have
// it, disk says why: leases end by themselves, and the generation goes on.
func (s *session) enter(ctx context.Context) (id Identity, disk, err error) {
	err = s.freeAll()
	if err == nil {
		id, err = s.stamp(ctx)
	}
	if storageError(err) != nil {
		disk = err
		id, err = s.readIdentity(ctx)
	}
	return id, disk, err
}

// createPrivate makes the file with mode 0600 if there is none: SQLite would
// leave it to the umask, and gives its -wal and -shm the mode of this file.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create the database: %w", err)
	}
	return f.Close()
}

// dsn names the file as a URI, in which no letter of the path means anything.
func dsn(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	path = filepath.ToSlash(path)
	if path[0] != '/' { // a drive letter on Windows
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

// Close lets what is running end, refuses what comes after and closes the
// database. Calling it again does nothing.
func (s *Store) Close() (err error) {
	s.closing.Do(func() {
		close(s.closed)
		if s.tending != nil {
			err = s.tending.close()
		}
		s.writer.close()
		s.trouble.end()
		err = errors.Join(err, s.readers.close(), s.leave(), s.db.Close())
	})
	return err
}

// leave ends the last connection, with a new generation in a tidy database.
func (s *Store) leave() error {
	last := s.writer.session
	var err error
	if s.dialect.alone {
		var id Identity
		if id, err = last.stamp(context.Background()); err == nil {
			s.identity = id
		} else if storageError(err) != nil {
			err = nil // the log keeps what there is
		}
	}
	err = errors.Join(err, s.dialect.leave(last))
	for _, used := range s.writer.lanes.all {
		err = errors.Join(err, used.close())
	}
	return err
}
