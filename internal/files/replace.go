package files

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Next is the end of the name under which a file is written before it takes its
// place; a killed process leaves one at most.
const Next = ".new"

// toDisk waits until a file or folder is on the disk; a test listens here.
var toDisk = (*os.File).Sync

// Replace writes a file as a whole: whatever happens, the old content is there
// or the new, complete and, once Replace returns, on the disk. It never writes
// through a link that lies in its way, and leaves alone a file that is already
// what it should be.
func Replace(path string, content []byte, mode fs.FileMode) error {
	if holds(path, content, mode) {
		return nil
	}
	if err := Prepare(path, content, mode); err != nil {
		return err
	}
	return Finish(path)
}

// Prepare writes the new content beside the file and on the disk, as the first
// half of Replace.
func Prepare(path string, content []byte, mode fs.FileMode) error {
	next := path + Next
	_ = os.Remove(next) // of a run that was killed; its mode might be another
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err == nil {
		_, err = f.Write(content)
		if err == nil {
			err = settle(f)
		}
		err = errors.Join(err, f.Close())
		if err != nil {
			_ = os.Remove(next)
		}
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// Finish puts what Prepare wrote in the file's place, as the second half of Replace.
func Finish(path string) error {
	err := os.Rename(path+Next, path)
	if err == nil {
		err = SyncFolder(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// holds reports whether path is a plain file of that content and mode.
func holds(path string, content []byte, mode fs.FileMode) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() != int64(len(content)) {
		return false
	}
	if info.Mode().Perm()&^mode != 0 && runtime.GOOS != "windows" {
		return false
	}
	old, err := os.ReadFile(path)
	return err == nil && bytes.Equal(old, content)
}

// SyncFolder puts on the disk which files a folder holds. Windows cannot and
// need not.
func SyncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(settle(d), d.Close())
}
