package files

import (
	"errors"
	"os"
	"path/filepath"
)

// Move gives a file, which is on the disk, another name, and is done when that
// is, too. It replaces what has the name already. An error that wraps
// fs.ErrNotExist says that there is no such file.
func Move(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	err := SyncFolder(filepath.Dir(to))
	if filepath.Dir(from) != filepath.Dir(to) {
		err = errors.Join(err, SyncFolder(filepath.Dir(from)))
	}
	return err
}
