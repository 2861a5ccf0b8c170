package server

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// The files of the data folder that are not the trust package's.
const (
	databaseFile  = "certwright.db"
	keysetFile    = "keyset.json"
	lockFile      = "certwright.lock"
	issuingCAFile = "issuing-ca.pem"
)

// A folder is the data folder while this process holds it.
type folder struct {
	path      string // absolute
	lock      *os.File
	ephemeral bool
}

// errLocked is what lock returns when another process holds the lock.
var errLocked = errors.New("another process holds the lock")

// openFolder makes the data folder if there is none and locks it, so that two
// servers never share one.
func openFolder(c Config) (*folder, error) {
	path, err := c.Data, error(nil)
	switch {
	case c.Ephemeral:
		path, err = os.MkdirTemp("", "certwright-")
	case path == "":
		path, err = DefaultData()
	}
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err == nil {
		err = os.MkdirAll(path, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("open the data folder: %w\nhint: choose another one with --data", err)
	}
	f := &folder{path: path, ephemeral: c.Ephemeral}
	if err := f.hold(); err != nil {
		return nil, err
	}
	return f, nil
}

// hold takes the lock and writes the process id into it for others to read.
func (f *folder) hold() error {
	file, err := os.OpenFile(f.file(lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open the data folder: %w\nhint: choose another one with --data", err)
	}
	if err := lock(file); err != nil {
		pid, _ := io.ReadAll(io.LimitReader(file, 20))
		file.Close()
		if errors.Is(err, errLocked) {
			return fmt.Errorf("the data folder %s is in use by process %s\nhint: stop that server, or choose another folder with --data or --ephemeral", f.path, strings.TrimSpace(string(pid)))
		}
		return fmt.Errorf("lock the data folder %s: %w", f.path, err)
	}
	if err := file.Truncate(0); err == nil {
		_, _ = fmt.Fprintf(file, "%d\n", os.Getpid()) // only for the message above
	}
	f.lock = file
	return nil
}

func (f *folder) file(name string) string { return filepath.Join(f.path, name) }

// close gives the folder back, or removes it if it was a temporary one. The
// lock file stays: removing it would let two servers hold two locks of one name.
func (f *folder) close() error {
	err := f.lock.Close()
	if f.ephemeral {
		err = errors.Join(err, os.RemoveAll(f.path))
	}
	return err
}

// DefaultData returns the data folder of this user: $XDG_DATA_HOME/certwright
// or ~/.local/share/certwright, and what is customary on macOS and Windows.
func DefaultData() (string, error) {
	home, err := os.UserHomeDir()
	switch dir := os.Getenv("XDG_DATA_HOME"); {
	case runtime.GOOS == "windows" && os.Getenv("LocalAppData") != "":
		return filepath.Join(os.Getenv("LocalAppData"), "certwright"), nil
	case filepath.IsAbs(dir):
		return filepath.Join(dir, "certwright"), nil
	case err != nil:
		return "", fmt.Errorf("find your home folder: %w", err)
	case runtime.GOOS == "darwin":
		return filepath.Join(home, "Library", "Application Support", "certwright"), nil
	}
	return filepath.Join(home, ".local", "share", "certwright"), nil
}

// replaceFile writes a file as a whole: readers see the old content or the
// new, never a part.
func replaceFile(path string, content []byte, mode os.FileMode) error {
	next := path + ".new"
	_ = os.Remove(next) // of a run that was killed
	err := os.WriteFile(next, content, mode)
	if err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
