//go:build unix

package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// lock takes the exclusive lock of a file, which the system ends with the process.
func lock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errLocked
	}
	return err
}

// openNoFollow is os.OpenFile for files that may not be symbolic links.
func openNoFollow(path string, flag int, mode fs.FileMode) (*os.File, error) {
	return os.OpenFile(path, flag|syscall.O_NOFOLLOW, mode)
}

// ours reports whether a file belongs to the user that this process acts for.
func ours(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

// checkFolder refuses a data folder in which others could put files in place of
// ours. Where it lies does not matter: /tmp will do.
func checkFolder(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return fmt.Errorf("open the data folder: %w", err)
	case !info.IsDir():
		return fmt.Errorf("the data folder %s is not a folder\nhint: choose another one with --data", path)
	case !ours(info):
		return fmt.Errorf("the data folder %s belongs to another user\nhint: chown it, or name a folder within it with --data, which is then made", path)
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("other users may write to the data folder %s: its mode is %04o\nhint: chmod go-w %[1]s, or name a folder within it with --data, which is then made", path, info.Mode().Perm())
	}
	return nil
}
