package folder

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ephemeralPrefix begins the names of temporary data folders, and ephemeralNote
// marks their lock: a folder that somebody chose is never removed, whatever it
// is called.
const (
	ephemeralPrefix = "certwright-"
	ephemeralNote   = "ephemeral"
)

// note is what the lock file says while f is held: the process, and whether the
// folder goes with it.
func (f *Folder) note() string {
	note := strconv.Itoa(os.Getpid())
	if f.Ephemeral {
		note += " " + ephemeralNote
	}
	return note
}

// holder reads a lock file's note.
func holder(lock io.Reader) (pid string, ephemeral bool) {
	text, _ := io.ReadAll(io.LimitReader(lock, 64))
	pid, rest, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	return pid, rest == ephemeralNote
}

// removeAbandoned removes the temporary data folders in dir that killed servers
// of this user left, since there are keys in them. What cannot be removed stays.
func removeAbandoned(dir string) {
	found, _ := filepath.Glob(filepath.Join(dir, ephemeralPrefix+"*")) // the pattern is a good one, unless dir is odd
	for _, path := range found {
		if abandoned(path) {
			_ = os.RemoveAll(path)
		}
	}
}

// abandoned reports whether path is a temporary data folder of ours whose lock
// nobody holds. A lock without a note is one of a server that just starts.
func abandoned(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() || !ours(info) {
		return false
	}
	file, err := openNoFollow(filepath.Join(path, LockFile), os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer file.Close()
	_, ephemeral := holder(file)
	return ephemeral && lock(file) == nil
}
