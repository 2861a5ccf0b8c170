package seal

import (
	"bytes"
	"fmt"
	"os"

	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"certwright/internal/files"
)

// readFile reads the key-encryption keys. It refuses a file that others than
// its owner may read; Windows has no such bits.
func readFile(path string) (*keyset.Handle, error) {
	if err := files.Private(path); err != nil {
		return nil, fmt.Errorf("read the keyset file: %w", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the keyset file: %w", err)
	}
	kek, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil { // the cause may quote the file, so it is left out
		return nil, fmt.Errorf("%w: %s is not a Tink keyset in JSON\nhint: put the file back from a backup", ErrMalformed, path)
	}
	return kek, nil
}

// writeFile replaces the file in one step: whatever happens, it holds the old
// keys or the new ones, whole and on the disk.
func writeFile(path string, kek *keyset.Handle) error {
	text, err := encode(kek)
	if err == nil {
		err = files.Replace(path, text, 0o600)
	}
	if err != nil {
		return fmt.Errorf("write the keyset file: %w", err)
	}
	return nil
}

func encode(kek *keyset.Handle) ([]byte, error) {
	var text bytes.Buffer
	err := insecurecleartextkeyset.Write(kek, keyset.NewJSONWriter(&text))
	return text.Bytes(), err
}
