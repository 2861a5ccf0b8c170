package files

import (
	"errors"
	"fmt"
	"os"
	"runtime"
)

// ErrExposed is what Private returns, with the file's name and a hint.
var ErrExposed = errors.New("the file is open to other users")

// Private refuses a file that others than its owner may read, write or run.
// Windows has no such bits. One that is not there is the error of os.Stat.
func Private(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&^0o600 != 0 && runtime.GOOS != "windows" {
		return fmt.Errorf("%w: %s has mode %04o\nhint: chmod 600 %[2]s", ErrExposed, path, mode)
	}
	return nil
}

// Confined refuses a file that anybody else than its owner and its group may
// read, or than its owner may write: a key that an administrator gives to the
// group of a service.
func Confined(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&^0o640 != 0 && runtime.GOOS != "windows" {
		return fmt.Errorf("%w: %s has mode %04o\nhint: chmod 640 %[2]s", ErrExposed, path, mode)
	}
	return nil
}
