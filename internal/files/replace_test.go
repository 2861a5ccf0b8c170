package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"certwright/internal/must"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, path, content string, mode fs.FileMode) {
	t.Helper()
	must.Do(t, os.WriteFile(path, []byte(content), mode))
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	must.Do(t, err)
	return string(text)
}

// What takes a file's place is on the disk before it does, and the folder after.
func TestReplaceIsOnTheDisk(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("folders are not put on the disk there")
	}
	dir := filepath.Join(t.TempDir(), "dir")
	sub, like := filepath.Join(dir, "sub"), dir+"like"
	for _, made := range []string{sub, like} {
		must.Do(t, os.MkdirAll(made, 0o700))
	}
	path := filepath.Join(dir, "a")
	var seen []string
	was := toDisk
	t.Cleanup(func() { toDisk = was })
	toDisk = func(f *os.File) error {
		placed := "the old one is there"
		if text, err := os.ReadFile(path); err == nil && string(text) == "new" {
			placed = "the new one is there"
		}
		seen = append(seen, filepath.Base(f.Name())+": "+placed)
		return was(f)
	}
	must.Do(t, Replace(path, []byte("new"), 0o600))
	want := []string{"a.new: the old one is there", filepath.Base(dir) + ": the new one is there"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	seen = nil
	if err := Replace(path, []byte("new"), 0o600); err != nil || seen != nil {
		t.Errorf("the same content was written again: %v, %v", seen, err)
	}
	forget := Throwaway(dir)
	for _, at := range []string{filepath.Join(dir, "b"), filepath.Join(sub, "b")} {
		if err := Replace(at, []byte("x"), 0o600); err != nil || seen != nil {
			t.Errorf("a throwaway folder waits for the disk: %v, %v", seen, err)
		}
	}
	if err := Replace(filepath.Join(like, "b"), []byte("x"), 0o600); err != nil || len(seen) != 2 {
		t.Errorf("one of a like name does not: %v, %v", seen, err)
	}
	forget()
	toDisk = func(*os.File) error { return errors.New("the disk is gone") }
	if err := Replace(path, []byte("newer"), 0o600); err == nil || read(t, path) != "new" {
		t.Errorf("without a disk: %v, %q", err, read(t, path))
	}
	if left, _ := filepath.Glob(path + "?*"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, victim := filepath.Join(dir, "a"), filepath.Join(dir, "victim")
	write(t, victim, "precious", 0o600)
	write(t, path+Next, "of a killed run", 0o644)
	for _, content := range []string{"one", "two", "", "three"} {
		if err := Replace(path, []byte(content), 0o600); err != nil || read(t, path) != content {
			t.Errorf("%q: %q, %v", content, read(t, path), err)
		}
	}
	if runtime.GOOS == "windows" {
		return
	}
	for name, spoil := range map[string]func() error{
		"a link in the file's place":       func() error { return errors.Join(os.Remove(path), os.Symlink(victim, path)) },
		"a link under the name before it":  func() error { return os.Symlink(victim, path+Next) },
		"a file of the same content, open": func() error { return os.Chmod(path, 0o644) },
	} {
		must.Do(t, spoil())
		if err := Replace(path, []byte("three"), 0o600); err != nil || read(t, path) != "three" {
			t.Errorf("%s: %q, %v", name, read(t, path), err)
		}
		_ = os.Remove(path + Next)
		if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s: %v, %v", name, info, err)
		}
		if got := read(t, victim); got != "precious" {
			t.Errorf("%s: the file behind it holds %q", name, got)
		}
	}
	must.Do(t, os.MkdirAll(filepath.Join(path+Next, "x"), 0o700))
	if err := Replace(path, []byte("four"), 0o600); err == nil || read(t, path) != "three" {
		t.Errorf("what is in the way was replaced: %v, %q", err, read(t, path))
	}
	if err := Replace(filepath.Join(dir, "none", "a"), nil, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestPrivate(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permission bits")
	}
	path := filepath.Join(t.TempDir(), "a")
	if err := Private(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("none there: %v", err)
	}
	write(t, path, "", 0o600)
	open := []fs.FileMode{0o640, 0o604, 0o620, 0o700, 0o644}
	for _, mode := range append([]fs.FileMode{0o600, 0o400}, open...) {
		must.Do(t, os.Chmod(path, mode))
		if err := Private(path); errors.Is(err, ErrExposed) != slices.Contains(open, mode) {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
}
