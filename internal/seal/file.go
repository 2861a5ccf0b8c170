package seal

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// readFile reads the key-encryption keys. It refuses a file that others than
// its owner may read; Windows has no such bits.
func readFile(path string) (*keyset.Handle, error) {
	stat, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read the keyset file: %w", err)
	}
	if mode := stat.Mode().Perm(); mode&^0o600 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%w: %s has mode %04o\nhint: chmod 600 %s", ErrExposed, path, mode, path)
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

// createFile makes the first key-encryption key and its file.
func createFile(path string) (*keyset.Handle, error) {
	kek, err := newHandle()
	if err != nil {
		return nil, err
	}
	return kek, writeFile(path, kek)
}

// writeFile replaces the file in one step: whatever happens, it holds the old
// keys or the new ones, whole and on the disk.
func writeFile(path string, kek *keyset.Handle) error {
	var text bytes.Buffer
	if err := insecurecleartextkeyset.Write(kek, keyset.NewJSONWriter(&text)); err != nil {
		return fmt.Errorf("encode the keyset file: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".keyset-*") // mode 0600
	if err != nil {
		return fmt.Errorf("write the keyset file: %w", err)
	}
	defer os.Remove(f.Name()) // gone already once renamed
	_, err = f.Write(text.Bytes())
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("write the keyset file: %w", err)
	}
	return nil
}

// syncDir makes a rename in the folder durable. Windows cannot and need not.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
