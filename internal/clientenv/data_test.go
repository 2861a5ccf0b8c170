package clientenv

import (
	"path/filepath"
	"testing"
)

func TestDefaultData(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", "/x/share")
	if got, err := DefaultData(); err != nil || got != filepath.FromSlash("/x/share/certwright") {
		t.Errorf("%s, %v", got, err)
	}
	t.Setenv("XDG_DATA_HOME", "relative")
	t.Setenv("HOME", "/home/u")
	if got, err := DefaultData(); err != nil || got != "/home/u/.local/share/certwright" {
		t.Errorf("%s, %v", got, err)
	}
	t.Setenv("HOME", "")
	if got, err := DefaultData(); err == nil {
		t.Errorf("without a home: %s", got)
	}
}
