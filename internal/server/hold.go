package server

import (
	"errors"

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
	if sizeOf(f.file(databaseFile)) >= 0 {
		if err := f.holdDatabase(); err != nil {
			return nil, errors.Join(err, f.close())
		}
	}
	return f.close, nil
}
