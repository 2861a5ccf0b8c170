package notify

import (
	"fmt"
	"io"
	"os"
	"strings"

	"certwright/internal/vault"
)

const maxSecret = 64 << 10 // of a file with a secret, in bytes

// readSecret reads a file that holds a secret and nothing else; space around it
// does not count.
func readSecret(key, path string) (vault.Hidden, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	secret := strings.TrimSpace(string(text))
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", key, err)
	case len(text) > maxSecret:
		return "", fmt.Errorf("%s: %s is larger than 64 KiB", key, path)
	case secret == "":
		return "", fmt.Errorf("%s: %s is empty", key, path)
	}
	return vault.Hidden(secret), nil
}
