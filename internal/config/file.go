package config

import (
	"fmt"
	"os"
	"path/filepath"

	"certwright/internal/setting"
)

// Read reads a configuration file. Errors name the file, the line and what to
// do; an unknown key is one, since a misspelt setting would otherwise be left
// out without a word.
func Read(path string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	c, err := Parse(text, filepath.Dir(path))
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Parse reads the text of a configuration file. Files that it names are looked
// for in the folder, unless they are absolute.
func Parse(text []byte, folder string) (c Config, err error) {
	err = setting.Read(text, c.Fields(), folder)
	return c, err
}
