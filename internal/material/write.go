package material

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"certwright/internal/files"
)

// ErrThere is the cause of an error about a file that is there already.
var ErrThere = errors.New("it is there already")

// Write writes a file that nobody else reads (0600), whole and on the disk. One
// that is there is left alone unless force says so.
func Write(path string, content []byte, force bool) error {
	return write(path, content, force, 0o600)
}

// WritePublic is Write for what may be read by everybody.
func WritePublic(path string, content []byte, force bool) error {
	return write(path, content, force, 0o644)
}

func write(path string, content []byte, force bool, mode fs.FileMode) error {
	if force {
		return files.Replace(path, content, mode)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("write %s: %w\nhint: --force replaces it", path, ErrThere)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(path))
	}
	return nil
}

// Read reads a file that is not larger than any of certificates; - is what the
// program is given to read.
func Read(path string) ([]byte, error) {
	if path == "-" {
		text, err := io.ReadAll(io.LimitReader(os.Stdin, MaxFile+1))
		if err == nil && len(text) > MaxFile {
			err = errors.New("it is too large for certificates")
		}
		return text, err
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", path, bare(err))
	case info.IsDir():
		return nil, fmt.Errorf("read %s: it is a folder", path)
	case info.Size() > MaxFile:
		return nil, fmt.Errorf("read %s: it is too large for a file of certificates (%d bytes)", path, info.Size())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, bare(err))
	}
	return text, nil
}

// bare leaves out the path that an error of os names once more.
func bare(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
