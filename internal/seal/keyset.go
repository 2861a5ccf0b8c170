package seal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"certwright/internal/vault"
)

// A Keyset seals and opens the values of one database. It is a vault.Sealer,
// safe for concurrent use.
type Keyset struct {
	path  string      // of the key-encryption keys; "" keeps all in memory
	store vault.Store // nil if path is ""

	rotating sync.Mutex
	keys     atomic.Pointer[keys]
}

// keys are the unwrapped keys in force.
type keys struct {
	kek, data *keyset.Handle
	values    tink.AEAD // under the data keys
	backups   tink.AEAD // a fresh key per blob, wrapped by the key-encryption key
	rev       int64     // of the account DataKeys
}

// New returns a Keyset with fresh keys that exist in memory only: for tests.
func New() (*Keyset, error) {
	kek, err := newHandle()
	if err != nil {
		return nil, err
	}
	data, err := newHandle()
	if err != nil {
		return nil, err
	}
	var k Keyset
	return &k, k.use(kek, data, 0)
}

// Seal encrypts plain and binds it to its place.
func (k *Keyset) Seal(plain []byte, binding string) (vault.Sealed, error) {
	return sealWith(k.keys.Load().values, plain, binding)
}

// Open decrypts what Seal returned for the same binding, under this or an
// earlier data key. Any other bytes or binding are an error.
func (k *Keyset) Open(s vault.Sealed, binding string) ([]byte, error) {
	return openWith(k.keys.Load().values, s, binding)
}

// Backups returns the Sealer for blobs that leave the database. Each carries
// its own key, wrapped by the key-encryption key, so that it opens wherever the
// keyset file is, even beside another database. What Keyset seals it cannot open.
func (k *Keyset) Backups() vault.Sealer { return backups{k} }

type backups struct{ k *Keyset }

// Seal encrypts plain under a key of its own.
func (b backups) Seal(plain []byte, binding string) (vault.Sealed, error) {
	return sealWith(b.k.keys.Load().backups, plain, binding)
}

// Open decrypts what Seal returned for the same binding.
func (b backups) Open(s vault.Sealed, binding string) ([]byte, error) {
	return openWith(b.k.keys.Load().backups, s, binding)
}

func sealWith(a tink.AEAD, plain []byte, binding string) (vault.Sealed, error) {
	out, err := a.Encrypt(plain, []byte(binding))
	if err != nil {
		return nil, fmt.Errorf("seal a value of %s: %w", binding, err)
	}
	return out, nil
}

func openWith(a tink.AEAD, s vault.Sealed, binding string) ([]byte, error) {
	out, err := a.Decrypt(s, []byte(binding))
	if err != nil {
		return nil, fmt.Errorf("open a sealed value of %s: %w", binding, err)
	}
	return out, nil
}

// use puts keys in force.
func (k *Keyset) use(kek, data *keyset.Handle, rev int64) error {
	wrap, err := aead.New(kek)
	if err != nil {
		return fmt.Errorf("use the key-encryption keys: %w", err)
	}
	values, err := aead.New(data)
	if err != nil {
		return fmt.Errorf("use the data keys: %w", err)
	}
	blobs := aead.NewKMSEnvelopeAEAD2(aead.AES256GCMKeyTemplate(), wrap)
	if blobs == nil {
		return errors.New("use the key-encryption keys for backups")
	}
	k.keys.Store(&keys{kek: kek, data: data, values: values, backups: blobs, rev: rev})
	return nil
}

// Rotate makes a new key-encryption key and a new data key. What was sealed
// before still opens, since the old keys are kept for that; what is sealed from
// now on needs the new ones. The file is written before the database, so that a
// crash in between leaves a file that opens it.
func (k *Keyset) Rotate(ctx context.Context) error {
	k.rotating.Lock()
	defer k.rotating.Unlock()
	now := k.keys.Load()
	kek, err := withNewKey(now.kek)
	if err != nil {
		return err
	}
	data, err := withNewKey(now.data)
	if err != nil {
		return err
	}
	rev := now.rev
	if k.path != "" {
		if err := writeFile(k.path, kek); err != nil {
			return err
		}
		if rev, err = putDataKeys(ctx, k.store, kek, data, rev); err != nil {
			return err
		}
	}
	return k.use(kek, data, rev)
}

func newHandle() (*keyset.Handle, error) {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return h, nil
}

// withNewKey returns the keyset with one more key, which becomes the primary.
func withNewKey(h *keyset.Handle) (*keyset.Handle, error) {
	m := keyset.NewManagerFromHandle(h)
	id, err := m.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	if err := m.SetPrimary(id); err != nil {
		return nil, fmt.Errorf("make key %d the primary one: %w", id, err)
	}
	return m.Handle()
}
