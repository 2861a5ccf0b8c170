package account

import (
	"context"
	"errors"
	"sync"

	"certwright/internal/vault"
)

// Kept is what a process made of a row when it last read it. Whoever asks gets
// what the row says now: it is read and made anew only where it changed, or where
// nobody can tell whether it did.
type Kept[T any] struct {
	mu    sync.Mutex
	known bool
	rev   int64 // 0: there was no such row
	made  T
}

// Read returns what of makes of the row now, and the row's revision: the zero T
// and 0 where there is none. What is returned is others' as well.
func (k *Kept[T]) Read(ctx context.Context, from vault.Accounts, id string, of func(plain []byte) (T, error)) (made T, rev int64, err error) {
	k.mu.Lock()
	known, rev, made := k.known, k.rev, k.made
	k.mu.Unlock()
	if rows, ok := from.(vault.Unchanged); ok && known && rows.Unchanged(ctx, id, rev) {
		return made, rev, nil
	}
	return k.again(ctx, from, id, of)
}

// again reads the row; making something of it may take longer than that.
func (k *Kept[T]) again(ctx context.Context, from vault.Accounts, id string, of func(plain []byte) (T, error)) (made T, rev int64, err error) {
	plain, rev, err := from.Read(ctx, id)
	if err != nil && !errors.Is(err, vault.ErrNotFound) {
		return made, 0, err
	}
	none := err != nil
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known && k.rev == rev {
		return k.made, rev, nil
	}
	if !none {
		if made, err = of(plain); err != nil {
			var no T
			return no, 0, err
		}
	}
	k.known, k.rev, k.made = true, rev, made
	return made, rev, nil
}
