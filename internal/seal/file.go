package seal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"certwright/internal/files"
)

// A FileKEK is a Tink keyset in JSON that lies in a file.
type FileKEK struct {
	path string

	mu   sync.Mutex
	read *keyset.Handle // nil before the first use
}

// NewFile returns the key-encryption keys of a file, which is read at the first use.
func NewFile(path string) *FileKEK { return &FileKEK{path: path} }

// Path is where the file lies.
func (f *FileKEK) Path() string { return f.path }

// ID implements KEK. A file is named by its first key, so that its name stays
// the same wherever it lies; "file" while it cannot be read.
func (f *FileKEK) ID() string {
	kek, err := f.load()
	if err != nil {
		return "file"
	}
	first, err := kek.Entry(0)
	if err != nil {
		return "file"
	}
	return fmt.Sprintf("file:%08x", first.KeyID())
}

// Wrap implements KEK.
func (f *FileKEK) Wrap(_ context.Context, plain, ad []byte) ([]byte, error) {
	key, err := f.key()
	if err != nil {
		return nil, err
	}
	return key.Encrypt(plain, ad)
}

// Unwrap implements KEK.
func (f *FileKEK) Unwrap(_ context.Context, wrapped, ad []byte) ([]byte, error) {
	key, err := f.key()
	if err != nil {
		return nil, err
	}
	return key.Decrypt(wrapped, ad)
}

// key is what the file wraps with.
func (f *FileKEK) key() (tink.AEAD, error) {
	kek, err := f.load()
	if err != nil {
		return nil, err
	}
	key, err := aead.New(kek)
	if err != nil {
		return nil, fmt.Errorf("use the keyset file: %w", err)
	}
	return key, nil
}

// load reads the file, once.
func (f *FileKEK) load() (*keyset.Handle, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.read != nil {
		return f.read, nil
	}
	kek, err := readFile(f.path)
	if err == nil {
		f.read = kek
	}
	return kek, err
}

func (f *FileKEK) set(kek *keyset.Handle) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.read = kek
}

// MakeFile writes a new keyset file that no database was sealed with. It never
// replaces one.
func MakeFile(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s is there already\nhint: name another file; whatever was sealed with this one cannot be read without it", path)
	}
	kek, err := newHandle()
	if err != nil {
		return err
	}
	text, err := encode(kek)
	if err == nil {
		err = files.Replace(path, text, 0o600)
	}
	if err != nil {
		return fmt.Errorf("write the keyset file: %w", err)
	}
	return nil
}

// readFile reads key-encryption keys. It refuses a file that others than its
// owner may read; Windows has no such bits.
func readFile(path string) (*keyset.Handle, error) {
	if err := private(path); err != nil {
		return nil, fmt.Errorf("read the keyset file: %w", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the keyset file: %w", err)
	}
	kek, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	clear(text)
	if err != nil { // the cause may quote the file, so it is left out
		return nil, fmt.Errorf("%w: %s is not a Tink keyset in JSON\nhint: put the file back from a backup", ErrMalformed, path)
	}
	return kek, nil
}

// private is files.Private for a file that may be a credential of systemd: that
// has mode 0440 where an access list gives it to the service's user, for which
// the group's bits are the list's bound. Its folder lets nobody else in.
func private(path string) error {
	err := files.Private(path)
	folder := os.Getenv("CREDENTIALS_DIRECTORY")
	if !errors.Is(err, files.ErrExposed) || folder == "" || runtime.GOOS != "linux" || filepath.Dir(path) != filepath.Clean(folder) {
		return err
	}
	info, statErr := os.Stat(path)
	around, dirErr := os.Stat(folder)
	if statErr == nil && dirErr == nil && info.Mode().Perm()&^0o440 == 0 && around.Mode().Perm()&0o007 == 0 {
		return nil
	}
	return err
}

func encode(kek *keyset.Handle) ([]byte, error) {
	var text bytes.Buffer
	err := insecurecleartextkeyset.Write(kek, keyset.NewJSONWriter(&text))
	return text.Bytes(), err
}

// IsFile reports whether an id is that of a keyset file; rows of earlier
// programs say no more.
func IsFile(id string) bool { return id == "file" || strings.HasPrefix(id, "file:") }
