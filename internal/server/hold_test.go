package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/folder"
)

// A folder is held by one: not beside a server, even if its lock file is gone.
func TestHold(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	s := startIn(t, data, Options{})
	if _, err := folder.Hold(data); err == nil || !strings.Contains(err.Error(), "is in use by process") {
		t.Errorf("beside a server: %v", err)
	}
	if err := os.Remove(filepath.Join(data, folder.LockFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Hold(data); err == nil || !strings.Contains(err.Error(), "is in use by another process\nhint: ") {
		t.Errorf("beside a server without its lock file: %v", err)
	}
	stop(t, s)
	release, err := folder.Hold(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Hold(data); err == nil {
		t.Error("held twice")
	}
	if err := release(); err != nil {
		t.Error(err)
	}
	stop(t, startIn(t, data, Options{}))
}
