package seal_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"certwright/internal/must"
	"certwright/internal/seal"
	"certwright/internal/vault"
)

func newFile(t *testing.T) *seal.FileKEK {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keyset.json")
	must.Do(t, seal.MakeFile(path))
	return seal.NewFile(path)
}

func openBy(t *testing.T, store vault.Store, keks ...seal.KEK) *seal.Keyset {
	t.Helper()
	k, _, err := seal.Opening{Store: store, KEKs: keks, New: true}.Open(t.Context())
	must.Do(t, err)
	return k
}

// The key-encryption key changes without a stop: what A wraps, B wraps too, and
// then A is gone. Servers that know one of them open it all the while.
func TestFromOneKEKToAnother(t *testing.T) {
	t.Parallel()
	_, store := folder(t)
	a, b := newFile(t), newFile(t)
	k := openBy(t, store, a)
	sealed, err := k.Seal([]byte(marker), place)
	must.Do(t, err)
	blob, err := k.Backups().Seal([]byte(marker), place)
	must.Do(t, err)
	opens := func(when string, keks ...seal.KEK) {
		t.Helper()
		k := openBy(t, store, keks...)
		if got, err := k.Open(sealed, place); err != nil || string(got) != marker {
			t.Errorf("%s: a value: %v", when, err)
		}
		if got, err := k.Backups().Open(blob, place); err != nil || string(got) != marker {
			t.Errorf("%s: a backup: %v", when, err)
		}
	}
	refuses := func(when string, kek seal.KEK) {
		t.Helper()
		if _, _, err := (seal.Opening{Store: store, KEKs: []seal.KEK{kek}}).Open(t.Context()); !errors.Is(err, seal.ErrForeign) {
			t.Errorf("%s: %v", when, err)
		}
	}
	refuses("before", b)
	k = openBy(t, store, b, a) // the new one comes first, and has no wrap yet
	if s := k.Status(); !slices.Equal(s.Wraps, []string{a.ID()}) || !slices.Equal(s.Missing, []string{b.ID()}) || s.Stray != nil {
		t.Errorf("before: %+v", s)
	}
	must.Do(t, k.Rewrap(t.Context()))
	if s := k.Status(); !slices.Equal(s.Wraps, []string{b.ID(), a.ID()}) || s.Missing != nil {
		t.Errorf("both: %+v", s)
	}
	opens("both, by A", a)
	opens("both, by B", b)
	only := openBy(t, store, b)
	if s := only.Status(); !slices.Equal(s.Stray, []string{a.ID()}) {
		t.Errorf("A is not named any more: %+v", s)
	}
	if err := only.Rotate(t.Context()); err == nil || !strings.Contains(err.Error(), a.ID()) || !strings.Contains(err.Error(), "keyset rewrap") {
		t.Errorf("a change that would leave A behind: %v", err)
	}
	opens("after the change that was refused, by A", a)
	must.Do(t, only.Rewrap(t.Context()))
	opens("after", b)
	refuses("after", a)
}

// Where the wrapping is cut short, what was written opens by the key of before,
// and it is done again.
func TestRewrapCutShort(t *testing.T) {
	t.Parallel()
	_, store := folder(t)
	a, b := newFile(t), newFile(t)
	for writes := range 4 { // of three that a change makes
		openBy(t, store, a)
		must.Do(t, openBy(t, store, a).OpenBackups(t.Context()))
		cut := &cutStore{Store: store, left: writes}
		k, _, err := seal.Opening{Store: cut, KEKs: []seal.KEK{b, a}}.Open(t.Context())
		must.Do(t, err)
		must.Do(t, k.OpenBackups(t.Context()))
		if err := k.Rewrap(t.Context()); (err == nil) != (writes >= 3) || err != nil && !errors.Is(err, errCut) {
			t.Fatalf("after %d writes: %v", writes, err)
		}
		again := openBy(t, store, b, a)
		must.Do(t, again.Rewrap(t.Context()))
		must.Do(t, openBy(t, store, b).OpenBackups(t.Context()))
		back := openBy(t, store, a, b)
		must.Do(t, back.Rewrap(t.Context()))
		must.Do(t, openBy(t, store, a).Rewrap(t.Context())) // as it was
	}
}

var errCut = errors.New("cut short")

// A cutStore writes so often and no more.
type cutStore struct {
	vault.Store
	left int
}

// Update implements vault.Store.
func (s *cutStore) Update(ctx context.Context, fn func(vault.Tx) error) error {
	if s.left == 0 {
		return errCut
	}
	s.left--
	return s.Store.Update(ctx, fn)
}

// A backup opens at another server that has one of the key-encryption keys of
// its time; else it says which are missing.
func TestBackupsElsewhere(t *testing.T) {
	t.Parallel()
	_, home := folder(t)
	_, away := folder(t)
	a, b := newFile(t), newFile(t)
	there := openBy(t, home, a)
	blob, err := there.Backups().Seal([]byte(marker), place)
	must.Do(t, err)
	if got, err := openBy(t, away, b, a).Backups().Open(blob, place); err != nil || string(got) != marker {
		t.Errorf("with its key-encryption key: %v", err)
	}
	_, third := folder(t)
	stranger := openBy(t, third, b)
	_, err = stranger.Backups().Open(blob, place)
	if !errors.Is(err, seal.ErrElsewhere) || !strings.Contains(err.Error(), a.ID()) || !strings.Contains(err.Error(), there.Status().Backups) {
		t.Errorf("without it: %v", err)
	}
	if _, err := stranger.Backups().Open(blob, place); !errors.Is(err, seal.ErrElsewhere) || !strings.Contains(err.Error(), "in a second") {
		t.Errorf("at once again: %v", err)
	}
	own, err := stranger.Backups().Seal([]byte(marker), place)
	must.Do(t, err)
	if _, err := stranger.Backups().Open(own, place); err != nil {
		t.Errorf("its own, meanwhile: %v", err)
	}
}

// The keys change at one server, and another that shares the database follows
// when it meets what it does not know.
func TestAnotherServerFollows(t *testing.T) {
	t.Parallel()
	_, store := folder(t)
	a := newFile(t)
	one, two := openBy(t, store, a), openBy(t, store, a)
	must.Do(t, one.Publish(t.Context()))
	if changed, err := two.Reload(t.Context()); err != nil || !changed {
		t.Fatalf("%v, %v", changed, err)
	}
	must.Do(t, one.Promote(t.Context()))
	sealed, err := one.Seal([]byte(marker), place)
	must.Do(t, err)
	if got, err := two.Open(sealed, place); err != nil || string(got) != marker { // it has the key since it was published
		t.Errorf("promoted: %v", err)
	}
	must.Do(t, one.Publish(t.Context()))
	must.Do(t, one.Promote(t.Context()))
	sealed, err = one.Seal([]byte(marker), place)
	must.Do(t, err)
	if got, err := two.Open(sealed, place); err != nil || string(got) != marker { // it looks itself
		t.Errorf("not published before: %v", err)
	}
	if err := two.Publish(t.Context()); err != nil || two.Primary() != one.Primary() {
		t.Errorf("the other goes on: %v", err)
	}
	if err := one.Publish(t.Context()); !errors.Is(err, seal.ErrChanging) {
		t.Errorf("two changes at a time: %v", err)
	}
}

// A published key seals nothing, a retired one opens nothing, and the next
// change destroys it.
func TestLifeOfADataKey(t *testing.T) {
	t.Parallel()
	path, store := folder(t)
	k := open(t, store, path, true)
	first := k.Primary()
	sealed, err := k.Seal([]byte(marker), place)
	must.Do(t, err)
	states := func() (all []string) {
		for _, key := range open(t, store, path, false).Status().Keys {
			all = append(all, key.State)
		}
		return all
	}
	must.Do(t, k.Publish(t.Context()))
	if got := states(); !slices.Equal(got, []string{"primary", "published"}) || k.Primary() != first {
		t.Errorf("published: %v", got)
	}
	if err := k.Retire(t.Context()); !errors.Is(err, seal.ErrChanging) {
		t.Errorf("retired while one is published: %v", err)
	}
	must.Do(t, k.Promote(t.Context()))
	if got := states(); !slices.Equal(got, []string{"earlier", "primary"}) {
		t.Errorf("promoted: %v", got)
	}
	anew, err := k.Reseal(sealed, place)
	must.Do(t, err)
	must.Do(t, k.Retire(t.Context()))
	if got := states(); !slices.Equal(got, []string{"retired", "primary"}) {
		t.Errorf("retired: %v", got)
	}
	if _, err := k.Open(sealed, place); err == nil {
		t.Error("a retired key opens what was sealed under it")
	}
	if got, err := k.Open(anew, place); err != nil || string(got) != marker {
		t.Errorf("what was sealed anew: %v", err)
	}
	if proof, err := k.RowKeys(); err != nil || len(proof.Keys) != 1 {
		t.Errorf("rows are proved under %d keys, %v", len(proof.Keys), err)
	}
	must.Do(t, k.Publish(t.Context()))
	if keys := k.Status().Keys; len(keys) != 2 || keys[0].ID == first {
		t.Errorf("%+v", keys)
	}
	if err := k.Promote(t.Context()); err != nil {
		t.Error(err)
	}
	if err := k.Promote(t.Context()); err == nil {
		t.Error("promoted without a published key")
	}
}

// Where several key-encryption keys are named and one is a file that is not
// there, nothing is made.
func TestMissingFileOfSeveral(t *testing.T) {
	t.Parallel()
	_, store := folder(t)
	a, missing := newFile(t), filepath.Join(t.TempDir(), "gone.json")
	_, _, err := seal.Opening{Store: store, KEKs: []seal.KEK{a, seal.NewFile(missing)}, New: true}.Open(t.Context())
	if !errors.Is(err, seal.ErrLost) || !strings.Contains(err.Error(), "certwright keyset make "+missing) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(missing); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it was made: %v", err)
	}
}

// A server that is not told of the new key-encryption key yet goes on when the
// wraps change, and notices when the keys do.
func TestServerWithTheOldKEK(t *testing.T) {
	t.Parallel()
	_, store := folder(t)
	a, b := newFile(t), newFile(t)
	old := openBy(t, store, a)
	must.Do(t, old.OpenBackups(t.Context()))
	must.Do(t, openBy(t, store, b, a).Rewrap(t.Context()))
	alone := openBy(t, store, b)
	must.Do(t, alone.Rewrap(t.Context()))
	if changed, err := old.Reload(t.Context()); err != nil || !changed {
		t.Errorf("other wraps of the same keys: %v, %v", changed, err)
	}
	sealed, err := old.Seal([]byte(marker), place)
	must.Do(t, err)
	must.Do(t, alone.Rotate(t.Context()))
	if _, err := old.Reload(t.Context()); !errors.Is(err, seal.ErrForeign) {
		t.Errorf("other keys: %v", err)
	}
	if _, err := old.Open(sealed, place); err != nil {
		t.Errorf("what it has sealed: %v", err)
	}
}
