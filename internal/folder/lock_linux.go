package folder

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// lockDatabase makes the file if there is none and locks a byte of it that lies
// far behind all that SQLite writes and locks. The lock belongs to the
// descriptor, not to the process, so that it stays apart from SQLite's own. Where
// a file system has no such locks, the lock file alone is left.
func lockDatabase(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	at := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart, Start: 1 << 62, Len: 1}
	err = unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &at)
	switch {
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.ENOLCK), err == nil:
		return f, nil
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EACCES):
		err = errLocked
	}
	return nil, errors.Join(err, f.Close())
}
