//go:build unix

package files

import (
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// Ours reports whether a folder, and no link to one, is this user's own and open
// to nobody else.
func Ours(dir string) bool {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() || info.Mode().Perm()&0o077 != 0 {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

// Owner is the name of the user that a file belongs to, or the number where there
// is no name.
func Owner(info fs.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	id := strconv.FormatUint(uint64(stat.Uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}
