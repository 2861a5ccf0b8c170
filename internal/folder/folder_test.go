//go:build unix

package folder

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/must"
)

func TestOpenFolderRefuses(t *testing.T) {
	t.Parallel()
	victim := filepath.Join(t.TempDir(), "victim")
	for name, c := range map[string]struct {
		make func(dir string) error
		want string
	}{
		"all may write":       {func(dir string) error { return os.Chmod(dir, 0o777) }, "its mode is 0777\nhint: chmod go-w "},
		"the group may write": {func(dir string) error { return os.Chmod(dir, 0o770) }, "its mode is 0770\nhint: chmod go-w "},
		"even with sticky":    {func(dir string) error { return os.Chmod(dir, 0o777|fs.ModeSticky) }, "its mode is 0777\nhint: chmod go-w "},
		"a lock that leads elsewhere": {func(dir string) error {
			if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
				return err
			}
			return os.Symlink(victim, filepath.Join(dir, LockFile))
		}, "open the data folder: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			must.Do(t, c.make(dir))
			f, err := Open(dir)
			if err == nil {
				_ = f.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "\nhint: ") {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if text, err := os.ReadFile(victim); err == nil && string(text) != "precious" {
				t.Errorf("the file behind the link holds %q", text)
			}
		})
	}
	if os.Geteuid() == 0 {
		dir := t.TempDir()
		must.Do(t, os.Chown(dir, 12345, -1))
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "belongs to another user\nhint: ") {
			t.Errorf("another's folder: %v", err)
		}
	}
	if _, err := Open(victimFile(t)); err == nil {
		t.Error("a file is taken for a folder")
	}
	within := t.TempDir()
	must.Do(t, os.Chmod(within, 0o777|fs.ModeSticky))
	f, err := Open(filepath.Join(within, "data"))
	if err != nil {
		t.Fatal("a folder of ours in one of all:", err)
	}
	_ = f.Close()
}

func victimFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	must.Do(t, os.WriteFile(path, nil, 0o600))
	return path
}

func TestAbandonedFoldersAreRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	made := func(name, note string) string {
		path := filepath.Join(dir, name)
		must.Do(t, os.Mkdir(path, 0o700))
		must.Do(t, os.WriteFile(filepath.Join(path, LockFile), []byte(note), 0o600))
		must.Do(t, os.WriteFile(filepath.Join(path, KeysetFile), []byte("{}"), 0o600))
		return path
	}
	gone := made("certwright-1", "4711 ephemeral\n")
	chosen, newborn := made("certwright-data", "4711\n"), made("certwright-2", "")
	other := made("other", "4711 ephemeral\n")
	held := &Folder{Path: made("certwright-3", ""), Ephemeral: true}
	must.Do(t, held.hold())
	link := filepath.Join(dir, "certwright-4")
	must.Do(t, os.Symlink(other, link))
	removeAbandoned(dir)
	if _, err := os.Stat(gone); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the abandoned folder: %v", err)
	}
	for _, path := range []string{chosen, newborn, other, held.Path, link} {
		if _, err := os.Stat(filepath.Join(path, KeysetFile)); err != nil {
			t.Errorf("%s was removed: %v", path, err)
		}
	}
	if err := held.lock.Close(); err != nil { // as when the process is killed
		t.Fatal(err)
	}
	removeAbandoned(dir)
	if _, err := os.Stat(held.Path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder of a killed server: %v", err)
	}
}
