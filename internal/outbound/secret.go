package outbound

import (
	"fmt"
	"io"
	"os"
	"strings"

	"certwright/internal/vault"
)

const maxFile = 1 << 20 // of a file that a setting names, in bytes

// ReadFile reads a file that the setting key names, up to 1 MiB.
func ReadFile(key, path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", key, err)
	case len(text) > maxFile:
		return nil, fmt.Errorf("%s: %s is larger than 1 MiB", key, path)
	}
	return text, nil
}

// ReadSecret reads a file that holds a secret and nothing else; space around it
// does not count.
func ReadSecret(key, path string) (vault.Hidden, error) {
	text, err := ReadFile(key, path)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		return "", fmt.Errorf("%s: %s is empty", key, path)
	}
	return vault.Hidden(secret), nil
}
