package backup

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A steady writer puts on the disk what it writes, part by part: all at the
// end, that would hold up the commits of a server on the same disk.
type steady struct {
	to   *os.File
	left int // bytes that are not on the disk
}

const steadyPart = 8 << 20

// Write implements io.Writer.
func (s *steady) Write(b []byte) (int, error) {
	n, err := s.to.Write(b)
	if s.left += n; err == nil && s.left >= steadyPart {
		s.left, err = 0, s.to.Sync()
	}
	return n, err
}

// sweep removes folders with a name that begins so and that were not touched
// since a time. What cannot be removed stays.
func sweep(dir, prefix string, before time.Time) {
	all, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, f := range all {
		info, err := f.Info()
		if err == nil && info.IsDir() && strings.HasPrefix(f.Name(), prefix) && info.ModTime().Before(before) {
			_ = os.RemoveAll(filepath.Join(dir, f.Name()))
		}
	}
}
