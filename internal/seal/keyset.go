package seal

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// A Keyset seals and opens the values of one database. It is a vault.Sealer,
// safe for concurrent use.
type Keyset struct {
	store vault.Store // nil keeps all in memory
	keks  []KEK

	changing sync.Mutex
	keys     atomic.Pointer[keys]
	looked   atomic.Int64 // when the row was last read because of an unknown key, in Unix nanoseconds
	behind   atomic.Int64 // since when the row has keys that cannot be opened, in Unix nanoseconds; 0: it has none
	told     atomic.Pointer[func(vault.RowKeys)]

	backup backupKeys
}

// keys are the unwrapped keys in force, and the row that they lie in.
type keys struct {
	data   *keyset.Handle
	values tink.AEAD
	known  map[uint32]keyset.KeyStatus
	row    record
	rev    int64
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
	k := &Keyset{keks: []KEK{&FileKEK{read: kek}}}
	return k, k.use(data, record{Version: recordVersion}, 0)
}

// Seal encrypts plain and binds it to its place.
func (k *Keyset) Seal(plain []byte, binding string) (vault.Sealed, error) {
	if k.isBehind() {
		return nil, fmt.Errorf("seal a value of %s: %w", binding, ErrBehind)
	}
	return sealWith(k.keys.Load().values, plain, binding)
}

// Open decrypts what Seal returned for the same binding, under this or an
// earlier data key. Any other bytes or binding are an error.
func (k *Keyset) Open(s vault.Sealed, binding string) ([]byte, error) {
	now := k.keys.Load()
	if id, ok := KeyOf(s); ok && now.known[id] == keyset.Unknown && k.store != nil {
		k.follow() // another server may have changed keys
		now = k.keys.Load()
	}
	return openWith(now.values, s, binding)
}

// KeyOf returns the number of the data key that a value was sealed under.
func KeyOf(s vault.Sealed) (id uint32, ok bool) {
	if len(s) < 5 || s[0] != 1 { // Tink's prefix
		return 0, false
	}
	return binary.BigEndian.Uint32(s[1:]), true
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
func (k *Keyset) use(data *keyset.Handle, row record, rev int64) error {
	values, err := aead.New(data)
	if err != nil {
		return fmt.Errorf("use the data keys: %w", err)
	}
	now := &keys{data: data, values: values, known: map[uint32]keyset.KeyStatus{}, row: row, rev: rev}
	for i := range data.Len() {
		entry, err := data.Entry(i)
		if err != nil {
			return fmt.Errorf("use the data keys: %w", err)
		}
		now.known[entry.KeyID()] = entry.KeyStatus()
	}
	proof, err := rowKeys(data)
	if err != nil {
		return err
	}
	k.keys.Store(now)
	if told := k.told.Load(); told != nil {
		(*told)(proof)
	}
	return nil
}

// OnChange has fn told of the keys of rows whenever the data keys change.
func (k *Keyset) OnChange(fn func(vault.RowKeys)) { k.told.Store(&fn) }

// followEvery is how often an unknown key has the row read again at most, and
// followTime how long that may take.
const (
	followEvery = time.Second
	followTime  = 10 * time.Second
)

// follow reads the row again; who is late does not wait for another.
func (k *Keyset) follow() {
	now := clock.Real{}.Now().UnixNano()
	if last := k.looked.Load(); now-last < int64(followEvery) || !k.looked.CompareAndSwap(last, now) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), followTime)
	defer cancel()
	_, _ = k.Reload(ctx) // what cannot be opened is told by who wants it
}

// Reload reads the data keys again, which another server may have changed, and
// reports whether it did.
func (k *Keyset) Reload(ctx context.Context) (changed bool, err error) {
	k.changing.Lock()
	defer k.changing.Unlock()
	return k.reload(ctx)
}

func (k *Keyset) reload(ctx context.Context) (changed bool, err error) {
	if k.store == nil {
		return false, nil
	}
	row, err := readRow(ctx, k.store, DataKeys)
	switch {
	case err != nil:
		return false, err
	case row == nil:
		return false, fmt.Errorf("read the data keys: %w", vault.ErrNotFound)
	case row.Rev == k.keys.Load().rev:
		return false, nil
	}
	rec, err := parseRecord(row.Body)
	if err != nil {
		return false, err
	}
	if now := k.keys.Load(); rec.Changed.Equal(now.row.Changed) { // the same keys, wrapped by others
		return true, k.use(now.data, rec, row.Rev)
	}
	data, err := unlock(ctx, k.keks, rec, DataKeys)
	if err != nil {
		k.behind.CompareAndSwap(0, clock.Real{}.Now().UnixNano())
		return false, err
	}
	k.behind.Store(0)
	return true, k.use(data, rec, row.Rev)
}

// ErrBehind says that another server changed the data keys and that this one
// cannot open the new ones. What it sealed would soon be readable by nobody.
var ErrBehind = errors.New("another server changed the data keys, and they cannot be opened here")

// behindFor is how long a server goes on sealing under the keys of before; it is
// well below the time after which they are retired.
const behindFor = 30 * time.Second

func (k *Keyset) isBehind() bool {
	since := k.behind.Load()
	return since != 0 && clock.Real{}.Now().UnixNano()-since > int64(behindFor)
}

func newHandle() (*keyset.Handle, error) {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return h, nil
}

// Reseal opens a value and seals it anew, under the primary key.
func (k *Keyset) Reseal(s vault.Sealed, binding string) (vault.Sealed, error) {
	plain, err := k.Open(s, binding)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	return k.Seal(plain, binding)
}
