package seal_test

import (
	"context"
	"sync"
	"testing"

	"certwright/internal/must"
	"certwright/internal/seal"
)

// A meetingKEK is one whose first wrap waits for those of others.
type meetingKEK struct {
	seal.KEK
	once *sync.Once
	all  *sync.WaitGroup
}

func (k meetingKEK) Wrap(ctx context.Context, plain, ad []byte) ([]byte, error) {
	k.once.Do(func() { k.all.Done(); k.all.Wait() })
	return k.KEK.Wrap(ctx, plain, ad)
}

// ID is that of a kind that lies elsewhere.
func (k meetingKEK) ID() string { return "transit:bao.example.org/transit/certwright" }

// Servers that begin one new database at once use the same keys, those of the
// first one that wrote them.
func TestKeysAreBegunOnce(t *testing.T) {
	t.Parallel()
	path, store := folder(t)
	must.Do(t, seal.MakeFile(path))
	const servers = 3
	var met, done sync.WaitGroup
	met.Add(servers)
	var all [servers]*seal.Keyset
	for i := range all {
		done.Go(func() {
			o := seal.Opening{Store: store, KEKs: []seal.KEK{meetingKEK{seal.NewFile(path), new(sync.Once), &met}}}
			k, _, err := o.Open(t.Context())
			if err == nil {
				err = k.OpenBackups(t.Context())
			}
			if err != nil {
				t.Error(err)
				return
			}
			all[i] = k
		})
	}
	if done.Wait(); t.Failed() {
		return
	}
	for i, k := range all {
		sealed, err := k.Seal([]byte(marker), place)
		must.Do(t, err)
		blob, err := k.Backups().Seal([]byte(marker), place)
		must.Do(t, err)
		for j, other := range all {
			if got, err := other.Open(sealed, place); err != nil || string(got) != marker {
				t.Errorf("what %d sealed is %q at %d: %v", i, got, j, err)
			}
			if got, err := other.Backups().Open(blob, place); err != nil || string(got) != marker {
				t.Errorf("the backup of %d is %q at %d: %v", i, got, j, err)
			}
		}
	}
}
