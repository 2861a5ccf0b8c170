//go:build unix

package server

import (
	"errors"
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
