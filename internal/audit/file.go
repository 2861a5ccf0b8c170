package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"certwright/internal/clock"
	"certwright/internal/files"
)

// A file is the log's own sink. What it took and did not sync it keeps, so that
// lines which a failing disk lost are written again.
type file struct {
	path   string
	limits FileSettings

	open     *os.File // nil after a failure, and before the first write
	size     int64    // of what it took
	durable  int64    // of that, what is on the disk
	unsynced []byte   // what lies between
	began    time.Time
}

const fileMode = 0o640

// write implements sink.
func (f *file) write(lines []byte, sync bool) (err error) {
	defer func() {
		if err != nil {
			f.shut()
		}
	}()
	if err := f.ready(); err != nil {
		return err
	}
	if _, err := f.open.WriteAt(lines, f.size); err != nil {
		_ = f.open.Truncate(f.size) // no half a line stays, whatever was written; where this fails, ready does it
		return fmt.Errorf("write %s: %w", f.path, err)
	}
	if !sync {
		f.unsynced = append(f.unsynced, lines...)
		f.size += int64(len(lines))
		return nil
	}
	if err := f.open.Sync(); err != nil {
		return fmt.Errorf("write %s to the disk: %w", f.path, err)
	}
	f.size += int64(len(lines))
	f.durable, f.unsynced = f.size, f.unsynced[:0]
	return nil
}

// ready opens the file if it is not, at the end of what is on the disk, and
// writes again what was lost behind that.
func (f *file) ready() error {
	if f.open != nil {
		return nil
	}
	open, err := openFile(f.path)
	if err != nil {
		return err
	}
	if info, err := open.Stat(); err == nil {
		f.durable = min(f.durable, info.Size()) // another file, or somebody cut it
	}
	if err := open.Truncate(f.durable); err != nil {
		return errors.Join(fmt.Errorf("cut %s to what is known of it: %w", f.path, err), open.Close())
	}
	if _, err := open.WriteAt(f.unsynced, f.durable); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", f.path, err), open.Close())
	}
	f.open, f.size = open, f.durable+int64(len(f.unsynced))
	return nil
}

// openFile opens the file, or makes it, in a folder that is there afterwards.
func openFile(path string) (*os.File, error) {
	open, err := os.OpenFile(path, os.O_RDWR, fileMode)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return open, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	if open, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode); err != nil {
		return nil, err
	}
	return open, files.SyncFolder(filepath.Dir(path))
}

// shut closes the file, after which the next write opens it anew.
func (f *file) shut() {
	if f.open != nil {
		_ = f.open.Close()
		f.open = nil
	}
}

// close implements sink.
func (f *file) close() error {
	if f.open == nil {
		return nil
	}
	err := errors.Join(f.open.Sync(), f.open.Close())
	f.open = nil
	return err
}

// leave ends the work on a file that somebody else moved away; a new one begins.
func (f *file) leave() error {
	if err := f.write(nil, true); err != nil {
		return err
	}
	f.shut()
	if _, err := os.Stat(f.path); !errors.Is(err, fs.ErrNotExist) {
		return err // it is still there: the next write goes on in it
	}
	f.size, f.durable, f.began = 0, 0, clock.Real{}.Now()
	return nil
}

// full reports whether it is time for another file.
func (f *file) full(now time.Time) bool {
	return f.size > 0 && (f.size >= f.limits.MaxSize<<20 || now.Sub(f.began) >= f.limits.MaxAge)
}
