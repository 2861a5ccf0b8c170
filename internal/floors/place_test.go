package floors_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Files that replace others do so by files.Replace alone, which puts them on the disk.
func TestOnePlaceReplacesFiles(t *testing.T) {
	t.Parallel()
	other := regexp.MustCompile(`\bos\.(Rename|WriteFile)\(`)
	for _, top := range []string{"internal", "cmd", "testvault"} {
		err := filepath.WalkDir(filepath.Join("..", "..", top), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(filepath.ToSlash(path), "internal/files/") {
				return err
			}
			text, err := os.ReadFile(path)
			if found := other.Find(text); found != nil {
				t.Errorf("%s writes over files by itself (%s...): use files.Replace, or files.Finish", path, found)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
