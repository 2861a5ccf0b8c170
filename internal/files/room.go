package files

import (
	"errors"
	"syscall"
)

// NoRoom reports whether an error says that the disk is full, or what this user
// may take of it.
func NoRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
