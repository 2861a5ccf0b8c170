//go:build unix && !linux

package folder

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// lockDatabase locks the folder of the file: a lock of the file itself would
// keep SQLite's own out, which are of the same kind here. Where a file system
// has no locks of folders, the lock file alone is left.
func lockDatabase(path string) (*os.File, error) {
	f, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	err = lock(f)
	if err == nil || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return f, nil
	}
	return nil, errors.Join(err, f.Close())
}
