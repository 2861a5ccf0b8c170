package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"certwright/internal/clientenv"
	"certwright/internal/config"
	"certwright/internal/files"
	"certwright/internal/seal"
	"certwright/internal/store/sqlstore"
)

// The files of the data folder that are not the trust package's.
const (
	databaseFile  = sqlstore.File
	keysetFile    = seal.File
	lockFile      = "certwright.lock"
	markFile      = "mark.json"
	issuingCAFile = "issuing-ca.pem"
)

// A folder is the data folder while this process holds it.
type folder struct {
	path      string // absolute
	lock      *os.File
	database  *os.File // holds a lock of its own, see lockDatabase
	ephemeral bool
	forget    func() // of an ephemeral one: that nobody reads it afterwards
}

// errLocked is what lock returns when another process holds the lock.
var errLocked = errors.New("another process holds the lock")

// openFolder makes the data folder if there is none and locks it, so that two
// servers never share one.
func openFolder(c config.Config) (*folder, error) {
	path, err := c.Data, error(nil)
	switch {
	case c.Ephemeral:
		removeAbandoned(os.TempDir())
		path, err = os.MkdirTemp("", ephemeralPrefix)
	case path == "":
		path, err = clientenv.DefaultData()
	}
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err == nil {
		err = os.MkdirAll(path, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("open the data folder: %w\nhint: choose another one with --data", err)
	}
	if err := checkFolder(path); err != nil {
		return nil, err
	}
	f := &folder{path: path, ephemeral: c.Ephemeral}
	if f.ephemeral {
		f.forget = files.Throwaway(path)
	}
	if err := f.hold(); err != nil {
		if f.ephemeral {
			f.forget()
		}
		return nil, err
	}
	return f, nil
}

// hold takes the lock and writes into it who has it, for others to read.
func (f *folder) hold() error {
	file, err := openNoFollow(f.file(lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open the data folder: %w\nhint: choose another one with --data", err)
	}
	if err := lock(file); err != nil {
		pid, _ := holder(file)
		file.Close()
		if errors.Is(err, errLocked) {
			return fmt.Errorf("the data folder %s is in use by process %s\nhint: stop that server, or choose another folder with --data or --ephemeral", f.path, pid)
		}
		return fmt.Errorf("lock the data folder %s: %w", f.path, err)
	}
	if err := file.Truncate(0); err == nil {
		_, _ = fmt.Fprintln(file, f.note()) // an empty file says less, and is no harm
	}
	f.lock = file
	return nil
}

// private refuses a database that others can read.
func (f *folder) private() error {
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := files.Private(f.file(databaseFile + end)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("open the database: %w", err)
		}
	}
	return nil
}

// holdDatabase locks the database itself as well, since the lock file may be
// removed. What it opens stays open until the store is closed: closing any
// descriptor of the file ends the locks that SQLite has on it in this process.
func (f *folder) holdDatabase() (err error) {
	path := f.file(databaseFile)
	f.database, err = lockDatabase(path)
	if errors.Is(err, errLocked) {
		return fmt.Errorf("the database %s is in use by another process\nhint: stop that server, or choose another folder with --data or --ephemeral", path)
	}
	if err != nil {
		return fmt.Errorf("lock the database %s: %w", path, err)
	}
	return nil
}

func (f *folder) file(name string) string { return filepath.Join(f.path, name) }

// close gives the folder back, or removes it if it was a temporary one. The
// lock file stays: removing it would let two servers hold two locks of one name.
func (f *folder) close() error {
	err := f.lock.Close()
	if f.database != nil {
		err = errors.Join(err, f.database.Close())
	}
	if f.ephemeral {
		f.forget()
		err = errors.Join(err, os.RemoveAll(f.path))
	}
	return err
}
