package seal

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// Blobs that leave the database are sealed under keys of their own, which lie in
// the account BackupKeys. A blob has them with it, wrapped by the key-encryption
// keys of its time: at home it opens without those, and elsewhere with one of
// them, or it says which are missing.

// ErrElsewhere says that a blob was sealed under backup keys that are not here
// and that no key-encryption key of the configuration wraps.
var ErrElsewhere = errors.New("the backup was made by a server with another keyset")

// Backups returns the Sealer for blobs that leave the database. They open
// wherever one of the key-encryption keys is, even beside another database. What
// Keyset seals it cannot open.
func (k *Keyset) Backups() vault.Sealer { return backups{k} }

type backups struct{ k *Keyset }

// backupKeys are the keys of blobs, once they were asked for.
type backupKeys struct {
	making sync.Mutex
	own    atomic.Pointer[blobKeys]

	visiting sync.Mutex
	abroad   map[string]*blobKeys // those of other databases that were opened here, by the head of a blob
	missed   time.Time            // when some could not be opened last
}

// blobKeys are the keys of one database's blobs.
type blobKeys struct {
	data    *keyset.Handle
	aead    tink.AEAD
	row     record
	rev     int64
	earlier *keyset.Handle // the file's keys, from before backups had keys of their own
}

const (
	blobMark  = "\x02cwb"
	abroadMax = 64
	abroadFor = 10 * time.Second // that a key-encryption key may take for a blob from elsewhere
	abroadGap = time.Second      // after one that did not open, the next is not tried
)

// A blobHead stands before the ciphertext, in JSON, and is bound to it.
type blobHead struct {
	Keyset string `json:"keyset"`
	Wraps  []Wrap `json:"wraps"`
}

// Seal encrypts plain and binds it to its kind.
func (b backups) Seal(plain []byte, binding string) (vault.Sealed, error) {
	own, err := b.k.blobKeys(context.Background())
	if err != nil {
		return nil, fmt.Errorf("seal a backup: %w", err)
	}
	head, err := json.Marshal(blobHead{own.row.ID, own.row.Wraps})
	if err != nil {
		return nil, fmt.Errorf("seal a backup: %w", err)
	}
	out := append(binary.BigEndian.AppendUint32([]byte(blobMark), uint32(len(head))), head...)
	sealed, err := own.aead.Encrypt(plain, blobPlace(head, binding))
	if err != nil {
		return nil, fmt.Errorf("seal a backup: %w", err)
	}
	return append(out, sealed...), nil
}

// Open decrypts what Seal returned for the same binding, and blobs of earlier
// programs, which carry a key wrapped by the keyset file.
func (b backups) Open(s vault.Sealed, binding string) ([]byte, error) {
	rest, ours := bytes.CutPrefix(s, []byte(blobMark))
	if !ours {
		return b.k.openEarlier(s, binding)
	}
	var head blobHead
	if len(rest) < 4 {
		return nil, errors.New("open a backup: it is cut short")
	}
	n := binary.BigEndian.Uint32(rest)
	if rest = rest[4:]; uint64(n) > uint64(len(rest)) || n > maxKEKs*maxWrapped {
		return nil, errors.New("open a backup: it is cut short")
	}
	text := rest[:n]
	if err := json.Unmarshal(text, &head); err != nil || head.Keyset == "" || len(head.Wraps) > maxKEKs {
		return nil, errors.New("open a backup: its head is damaged")
	}
	with, err := b.k.blobKeysOf(head, text)
	if err != nil {
		return nil, fmt.Errorf("open a backup: %w", err)
	}
	plain, err := with.aead.Decrypt(rest[n:], blobPlace(text, binding))
	if err != nil {
		return nil, fmt.Errorf("open a backup of %s: %w", binding, err)
	}
	return plain, nil
}

// blobPlace is what a blob is bound to: its kind and its head.
func blobPlace(head []byte, binding string) []byte {
	return append(append([]byte(binding), 0), head...)
}

// OpenBackups gets the keys of backups ready, so that no call waits for a
// key-encryption key; it makes them where the database has none.
func (k *Keyset) OpenBackups(ctx context.Context) error {
	_, err := k.blobKeys(ctx)
	return err
}

func (k *Keyset) blobKeys(ctx context.Context) (*blobKeys, error) {
	b := &k.backup
	if own := b.own.Load(); own != nil {
		return own, nil
	}
	b.making.Lock()
	defer b.making.Unlock()
	if own := b.own.Load(); own != nil {
		return own, nil
	}
	own, err := k.readBlobKeys(ctx)
	if err == nil && own == nil {
		if own, err = k.makeBlobKeys(ctx); errors.Is(err, vault.ErrStale) { // another server was first
			own, err = k.readBlobKeys(ctx)
		}
	}
	if err == nil {
		b.own.Store(own)
	}
	return own, err
}

// readBlobKeys returns nil if the database has none.
func (k *Keyset) readBlobKeys(ctx context.Context) (*blobKeys, error) {
	if k.store == nil {
		return nil, nil
	}
	row, err := readRow(ctx, k.store, BackupKeys)
	if err != nil || row == nil {
		return nil, err
	}
	rec, err := parseRecord(row.Body)
	if err != nil {
		return nil, err
	}
	data, err := unlock(ctx, k.keks, rec, BackupKeys)
	if err != nil {
		return nil, err
	}
	return newBlobKeys(data, rec, row.Rev)
}

const earlierPlace = BackupKeys + "/earlier"

func newBlobKeys(data *keyset.Handle, rec record, rev int64) (*blobKeys, error) {
	with, err := aead.New(data)
	if err != nil {
		return nil, fmt.Errorf("use the keys of backups: %w", err)
	}
	b := &blobKeys{data: data, aead: with, row: rec, rev: rev}
	if len(rec.Earlier) > 0 {
		text, err := with.Decrypt(rec.Earlier, []byte(earlierPlace))
		if err == nil {
			b.earlier, err = insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
		}
		if err != nil {
			return nil, errors.New("read the keys of backups: their row is damaged\nhint: put the database back from a backup")
		}
	}
	return b, nil
}

// makeBlobKeys gives a database the keys of its backups. Those of a file that
// blobs may have been sealed with stay beside them, so that these open after the
// file is gone.
func (k *Keyset) makeBlobKeys(ctx context.Context) (*blobKeys, error) {
	data, err := newHandle()
	if err != nil {
		return nil, err
	}
	id := make([]byte, 8)
	_, _ = rand.Read(id) // never fails
	rec, rev := record{Version: recordVersion, ID: hex.EncodeToString(id)}, int64(0)
	if rec.Wraps, err = wrapAll(ctx, k.wrapping(), data, BackupKeys); err != nil {
		return nil, err
	}
	if rec.Earlier, err = k.sealEarlier(data); err != nil {
		return nil, err
	}
	if k.store != nil {
		if rev, err = putRow(ctx, k.store, BackupKeys, rec, 0); err != nil {
			return nil, err
		}
	}
	return newBlobKeys(data, rec, rev)
}

// sealEarlier seals the keys of the first keyset file for the backups of before.
func (k *Keyset) sealEarlier(data *keyset.Handle) ([]byte, error) {
	for _, kek := range k.keks {
		file, ok := kek.(*FileKEK)
		if !ok {
			continue
		}
		kek, err := file.load()
		if err != nil {
			return nil, err
		}
		text, err := encode(kek)
		if err != nil {
			return nil, err
		}
		with, err := aead.New(data)
		if err != nil {
			return nil, err
		}
		return with.Encrypt(text, []byte(earlierPlace))
	}
	return nil, nil
}

// openEarlier opens a blob that carries its own key, wrapped by a keyset file.
func (k *Keyset) openEarlier(s vault.Sealed, binding string) ([]byte, error) {
	own, err := k.blobKeys(context.Background())
	if err != nil {
		return nil, fmt.Errorf("open a backup: %w", err)
	}
	handles := []*keyset.Handle{own.earlier}
	for _, kek := range k.keks {
		if file, ok := kek.(*FileKEK); ok {
			h, _ := file.load() // one that is not there opens nothing
			handles = append(handles, h)
		}
	}
	err = fmt.Errorf("%w, in a file", ErrElsewhere)
	for _, h := range handles {
		if h == nil {
			continue
		}
		key, bad := aead.New(h)
		if bad != nil {
			return nil, fmt.Errorf("use the keyset file: %w", bad)
		}
		var plain []byte
		if plain, err = aead.NewKMSEnvelopeAEAD2(aead.AES256GCMKeyTemplate(), key).Decrypt(s, []byte(binding)); err == nil {
			return plain, nil
		}
	}
	return nil, fmt.Errorf("open a backup of %s: %w", binding, err)
}

// blobKeysOf returns the keys that a blob says it was sealed under. Those of
// another database cost a call of a key-encryption key, one at a time, and are
// kept by the blob's head, which nobody vouches for.
func (k *Keyset) blobKeysOf(head blobHead, text []byte) (*blobKeys, error) {
	own, err := k.blobKeys(context.Background())
	if err != nil || own.row.ID == head.Keyset {
		return own, err
	}
	b := &k.backup
	b.visiting.Lock()
	defer b.visiting.Unlock()
	if found := b.abroad[string(text)]; found != nil {
		return found, nil
	}
	rec := record{ID: head.Keyset, Wraps: head.Wraps}
	needs := fmt.Sprintf("it needs the backup keys %s, which are wrapped by %s", printable(head.Keyset), printable(list(rec.keks())))
	if (clock.Real{}).Now().Sub(b.missed) < abroadGap {
		return nil, fmt.Errorf("%w: %s; another was refused just now, try again in a second", ErrElsewhere, needs)
	}
	ctx, cancel := context.WithTimeout(context.Background(), abroadFor)
	defer cancel()
	data, err := unlock(ctx, k.keks, rec, BackupKeys)
	if err != nil {
		b.missed = clock.Real{}.Now()
		return nil, fmt.Errorf("%w: %s: %w", ErrElsewhere, needs, err)
	}
	found, err := newBlobKeys(data, rec, 0)
	if err != nil {
		return nil, err
	}
	if b.abroad == nil || len(b.abroad) >= abroadMax {
		b.abroad = map[string]*blobKeys{}
	}
	b.abroad[string(text)] = found
	return found, nil
}

// printable is a text of a blob as people may see it.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
	return text[:min(len(text), 400)]
}
