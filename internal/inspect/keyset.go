package inspect

import (
	"context"
	"errors"
	"io/fs"

	"certwright/internal/seal"
)

// keyset has each key-encryption key of the configuration wrap something and
// open it again. It is not ok where the database cannot be opened with them.
func (i *inspector) keyset(ctx context.Context) (keks []seal.KEK, ok bool) {
	if len(i.Config.Keyset.KEKs) == 0 {
		return nil, true // the file of the data folder, which is checked with that
	}
	keks, err := i.Config.Keyset.Open("")
	if err != nil {
		i.fault("keyset", err, "keyset in the configuration names it")
		return nil, false
	}
	ok = true
	for _, kek := range keks {
		err := seal.Try(ctx, kek)
		_, isFile := kek.(*seal.FileKEK)
		switch {
		case err == nil:
			i.fine("keyset", "%s wraps and unwraps", kek.ID())
		case isFile && len(keks) == 1 && errors.Is(err, fs.ErrNotExist):
			i.fine("keyset", "%v; the first start of a new data folder makes it", err)
		default:
			ok = false
			i.fault("keyset", err, "the server waits for it at its start, or refuses")
		}
	}
	return keks, ok
}
