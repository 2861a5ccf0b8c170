package clientenv

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// DefaultData returns the data folder of this user: $XDG_DATA_HOME/certwright
// or ~/.local/share/certwright, and what is customary on macOS and Windows.
func DefaultData() (string, error) {
	home, err := os.UserHomeDir()
	switch dir := os.Getenv("XDG_DATA_HOME"); {
	case runtime.GOOS == "windows" && os.Getenv("LocalAppData") != "":
		return filepath.Join(os.Getenv("LocalAppData"), "certwright"), nil
	case filepath.IsAbs(dir):
		return filepath.Join(dir, "certwright"), nil
	case err != nil:
		return "", fmt.Errorf("find your home folder: %w", err)
	case runtime.GOOS == "darwin":
		return filepath.Join(home, "Library", "Application Support", "certwright"), nil
	}
	return filepath.Join(home, ".local", "share", "certwright"), nil
}
