package usage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"

	"certwright/internal/files"
)

// PermissionHint is what to do about a file or folder that this user may not use;
// "" where an error is about something else.
func PermissionHint(err error) string {
	var of *fs.PathError
	if !errors.Is(err, fs.ErrPermission) || !errors.As(err, &of) {
		return ""
	}
	path, info := seen(of.Path)
	if info == nil {
		return "run the command as the user that may use " + of.Path
	}
	owner := files.Owner(info)
	if me, err := user.Current(); owner == "" || err == nil && me.Username == owner {
		return fmt.Sprintf("the mode of %s is %04o; chmod u+rwX %[1]s, or name another folder with --data", path, info.Mode().Perm())
	}
	return fmt.Sprintf("%s belongs to the user %s: run the command as that one, as in sudo -u %[2]s certwright ..., or name a folder of your own with --data", path, owner)
}

// seen is the path, or the innermost folder above it that this user can look at.
func seen(path string) (string, fs.FileInfo) {
	for {
		info, err := os.Stat(path)
		if err == nil {
			return path, info
		}
		up := filepath.Dir(path)
		if up == path {
			return path, nil
		}
		path = up
	}
}
