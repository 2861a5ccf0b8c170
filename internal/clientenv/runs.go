package clientenv

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"certwright/internal/files"
)

// servicePath is the data folder of the unit that the packages bring.
const servicePath = "/var/lib/certwright"

// A Listed server is one that this user started, by its data folder.
type Listed struct {
	Data      string
	Throwaway bool // the command inside certwright run alone is to find it

	file string // where that is written; "" for a place where one usually is
}

// List has a server found without its data folder being named, until forget. What
// goes wrong is no harm: the folder can be named.
func List(data string, throwaway bool) (forget func()) {
	dir := listFolder()
	if os.MkdirAll(dir, 0o700) != nil || !files.Ours(dir) {
		return func() {}
	}
	name := sha256.Sum256([]byte(data))
	file := filepath.Join(dir, hex.EncodeToString(name[:8]))
	text := data
	if throwaway {
		text += "\nthrowaway"
	}
	if files.Replace(file, []byte(text+"\n"), 0o600) != nil {
		return func() {}
	}
	return func() { _ = os.Remove(file) }
}

// Lists returns where servers may run that this user can ask: those that List
// wrote down and the folders that are usual. One that was killed is still there.
func Lists() []Listed {
	var all []Listed
	if data, err := DefaultData(); err == nil {
		all = append(all, Listed{Data: data})
	}
	if os.PathSeparator == '/' {
		all = append(all, Listed{Data: servicePath})
	}
	dir := listFolder()
	if !files.Ours(dir) {
		return all
	}
	entries, _ := os.ReadDir(dir) // none: nothing is listed
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			continue
		}
		data, rest, _ := strings.Cut(strings.TrimSuffix(string(text), "\n"), "\n")
		if l := (Listed{data, rest == "throwaway", filepath.Join(dir, e.Name())}); filepath.IsAbs(data) && !holdsData(all, data) {
			all = append(all, l)
		}
	}
	return all
}

func holdsData(all []Listed, data string) bool {
	for _, l := range all {
		if l.Data == data {
			return true
		}
	}
	return false
}

// Forget takes a server off the list that was found not to run.
func (l Listed) Forget() {
	if l.file != "" {
		_ = os.Remove(l.file) // found again, it is asked again
	}
}

// listFolder is this user's own, and empty when the machine starts anew.
func listFolder() string {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "certwright")
	}
	return filepath.Join(os.TempDir(), "certwright-"+strconv.Itoa(os.Geteuid()))
}
