package seal

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead/aesgcm"
	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"certwright/internal/vault"
)

// rowLabel keeps what proves rows apart from all else that a data key is for.
const rowLabel = "certwright rows 1"

// RowKeys returns the keys that the rows of the database are proved under, one
// derived (HKDF) from each data key: what was written before a rotation is
// proved under the key of then.
func (k *Keyset) RowKeys() (vault.RowKeys, error) {
	return rowKeys(k.keys.Load().data)
}

func rowKeys(data *keyset.Handle) (vault.RowKeys, error) {
	primary, err := data.Primary()
	if err != nil {
		return vault.RowKeys{}, fmt.Errorf("derive the keys of rows: %w", err)
	}
	keys := vault.RowKeys{Primary: primary.KeyID(), Keys: make(map[uint32][]byte, data.Len())}
	for i := range data.Len() {
		entry, err := data.Entry(i)
		if err != nil {
			return vault.RowKeys{}, fmt.Errorf("derive the keys of rows: %w", err)
		}
		if entry.KeyStatus() != keyset.Enabled {
			continue // retired: no row is under it any more
		}
		if keys.Keys[entry.KeyID()], err = rowKey(entry); err != nil {
			return vault.RowKeys{}, fmt.Errorf("derive the keys of rows: %w", err)
		}
	}
	return keys, nil
}

func rowKey(entry *keyset.Entry) ([]byte, error) {
	key, ok := entry.Key().(*aesgcm.Key)
	if !ok {
		return nil, errors.New("a data key is of another kind")
	}
	return hkdf.Key(sha256.New, key.KeyBytes().Data(insecuresecretdataaccess.Token{}), nil, rowLabel, sha256.Size)
}
