package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"certwright/internal/files"
	"certwright/internal/seal"
	"certwright/internal/store/sqlstore"
)

// The files of the data folder that are not the trust package's.
const (
	DatabaseFile  = sqlstore.File
	KeysetFile    = seal.File
	LockFile      = "certwright.lock"
	MarkFile      = "mark.json"
	IssuingCAFile = "issuing-ca.pem"
)

// A Folder is the data folder while this process holds it.
type Folder struct {
	Path      string // absolute
	Ephemeral bool   // it is removed by Close

	lock     *os.File
	database *os.File // holds a lock of its own, see lockDatabase
	forget   func()   // of an ephemeral one: that nobody reads it afterwards
}

// errLocked is what lock returns when another process holds the lock.
var errLocked = errors.New("another process holds the lock")

// Open makes the data folder if there is none and locks it, so that two
// servers never share one.
func Open(path string) (*Folder, error) { return open(path, false) }

// Temporary makes a data folder that Close removes, and removes those that killed
// servers left.
func Temporary() (*Folder, error) {
	removeAbandoned(os.TempDir())
	path, err := os.MkdirTemp("", ephemeralPrefix)
	if err != nil {
		return nil, cannotOpen(err)
	}
	return open(path, true)
}

// cannotOpen leads to another folder, but where it is this user who may not: whose
// it is, the program says.
func cannotOpen(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("open the data folder: %w", err)
	}
	return fmt.Errorf("open the data folder: %w\nhint: choose another one with --data", err)
}

func open(path string, ephemeral bool) (*Folder, error) {
	path, err := filepath.Abs(path)
	if err == nil {
		err = os.MkdirAll(path, 0o700)
	}
	if err != nil {
		return nil, cannotOpen(err)
	}
	if err := checkFolder(path); err != nil {
		return nil, err
	}
	f := &Folder{Path: path, Ephemeral: ephemeral}
	if f.Ephemeral {
		f.forget = files.Throwaway(path)
	}
	if err := f.hold(); err != nil {
		if f.Ephemeral {
			f.forget()
		}
		return nil, err
	}
	return f, nil
}

// hold takes the lock and writes into it who has it, for others to read.
func (f *Folder) hold() error {
	file, err := openNoFollow(f.File(LockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return cannotOpen(err)
	}
	if err := lock(file); err != nil {
		pid, _ := holder(file)
		file.Close()
		if errors.Is(err, errLocked) {
			return fmt.Errorf("the data folder %s is in use by process %s\nhint: stop that server, or choose another folder with --data or --ephemeral", f.Path, pid)
		}
		return fmt.Errorf("lock the data folder %s: %w", f.Path, err)
	}
	if err := file.Truncate(0); err == nil {
		_, _ = fmt.Fprintln(file, f.note()) // an empty file says less, and is no harm
	}
	f.lock = file
	return nil
}

// Private refuses a database that others can read.
func (f *Folder) Private() error {
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := files.Private(f.File(DatabaseFile + end)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("open the database: %w", err)
		}
	}
	return nil
}

// HoldDatabase locks the database itself as well, since the lock file may be
// removed. What it opens stays open until the store is closed: closing any
// descriptor of the file ends the locks that SQLite has on it in this process.
func (f *Folder) HoldDatabase() (err error) {
	path := f.File(DatabaseFile)
	f.database, err = lockDatabase(path)
	if errors.Is(err, errLocked) {
		return fmt.Errorf("the database %s is in use by another process\nhint: stop that server, or choose another folder with --data or --ephemeral", path)
	}
	if err != nil {
		return fmt.Errorf("lock the database %s: %w", path, err)
	}
	return nil
}

// File is the path of a file in it.
func (f *Folder) File(name string) string { return filepath.Join(f.Path, name) }

// Close gives the folder back, or removes it if it was a temporary one. The
// lock file stays: removing it would let two servers hold two locks of one name.
func (f *Folder) Close() error {
	err := f.lock.Close()
	if f.database != nil {
		err = errors.Join(err, f.database.Close())
	}
	if f.Ephemeral {
		f.forget()
		err = errors.Join(err, os.RemoveAll(f.Path))
	}
	return err
}
