package server

import (
	"errors"
	"fmt"

	"certwright/internal/config"
)

// LockFile is the one file that a held data folder always has.
const LockFile = lockFile

// Hold makes the data folder if there is none, and keeps servers out of it until
// release is called. It refuses where one runs.
func Hold(path string) (release func() error, err error) {
	f, err := openFolder(config.Config{Data: path})
	if err != nil {
		return nil, err
	}
	if err := f.idle(); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f.close, nil
}

// idle refuses a database that a server has locked, whose lock file somebody removed.
func (f *folder) idle() error {
	path := f.file(databaseFile)
	if sizeOf(path) < 0 {
		return nil
	}
	held, err := lockDatabase(path)
	if errors.Is(err, errLocked) {
		return fmt.Errorf("the database %s is in use by another process\nhint: stop that server, or choose another folder with --data", path)
	}
	if err != nil {
		return fmt.Errorf("lock the database %s: %w", path, err)
	}
	return held.Close()
}
