package folder

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// lockDatabase makes the file if there is none and locks a byte of it that lies
// far behind all that SQLite writes and locks.
func lockDatabase(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockByte(f, &windows.Overlapped{OffsetHigh: 1 << 30}); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// lock takes the exclusive lock of a file, which the system ends with the
// process. The locked byte lies far behind the content, which stays readable.
func lock(f *os.File) error {
	return lockByte(f, &windows.Overlapped{OffsetHigh: 1})
}

func lockByte(f *os.File, at *windows.Overlapped) error {
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errLocked
	}
	return err
}

// openNoFollow is os.OpenFile: making links takes rights of its own here.
func openNoFollow(path string, flag int, mode fs.FileMode) (*os.File, error) {
	return os.OpenFile(path, flag, mode)
}

// ours leaves the question to the folder's access list.
func ours(fs.FileInfo) bool { return true }

// checkFolder leaves the question to the folder's access list.
func checkFolder(string) error { return nil }
