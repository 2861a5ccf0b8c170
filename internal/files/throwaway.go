package files

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// throwaway has the folders that nobody reads after this process.
var throwaway sync.Map

// Throwaway tells that the folder, named in full, goes when this process ends:
// what is written there waits for no disk. forget ends that.
func Throwaway(dir string) (forget func()) {
	throwaway.Store(dir, nil)
	return func() { throwaway.Delete(dir) }
}

// settle waits until a file or folder is on the disk, if it has to outlive the process.
func settle(f *os.File) error {
	lasting := true
	throwaway.Range(func(dir, _ any) bool {
		rest, inside := strings.CutPrefix(f.Name(), dir.(string))
		lasting = !inside || rest != "" && rest[0] != filepath.Separator
		return lasting
	})
	if !lasting {
		return nil
	}
	return toDisk(f)
}
