package folder

import (
	"errors"
	"fmt"

	"certwright/internal/files"
)

// Hold makes the data folder if there is none, and keeps servers out of it until
// release is called. It refuses where one runs.
func Hold(path string) (release func() error, err error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	if err := f.idle(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}

// idle refuses a database that a server has locked, whose lock file somebody removed.
func (f *Folder) idle() error {
	path := f.File(DatabaseFile)
	if files.Size(path) < 0 {
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
