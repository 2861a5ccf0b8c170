//go:build unix

package files

import (
	"io/fs"
	"os/user"
	"strconv"
	"syscall"
)

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
