package seal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// Data keys change in steps, each one write of one row, so that servers which
// share a database can follow, and whoever is killed goes on:
//
//	Publish   there is a new key, and nothing is sealed under it yet; the keys that
//	          were retired by the last change are destroyed
//	Promote   what is sealed from now on is sealed under it, once all servers have it
//	          and all is sealed anew (sqlstore.Store.Reseal)
//	Retire    the keys of before open nothing any more; they are kept, disabled
//
// The keys stand in the keyset in the order in which they were published.

// A State says how far a change of the data keys is.
type State int

// The states.
const (
	Rests     State = iota // one key is in force, and all is sealed under it or will be
	Published              // a key is there that is not the primary one yet
	Resealing              // keys of before the primary one still open what was sealed under them
)

// State returns how far a change of the data keys is, and since when.
func (k *Keyset) State() (State, time.Time) {
	now := k.keys.Load()
	before, after := now.around()
	switch {
	case len(after) > 0:
		return Published, now.row.Changed
	case len(before) > 0:
		return Resealing, now.row.Changed
	}
	return Rests, now.row.Changed
}

// Primary is the number of the key that values are sealed under.
func (k *Keyset) Primary() uint32 { return k.keys.Load().primary() }

// around are the enabled keys before and after the primary one.
func (k *keys) around() (before, after []uint32) {
	passed := false
	for i := range k.data.Len() {
		entry, err := k.data.Entry(i)
		switch {
		case err != nil:
		case entry.IsPrimary():
			passed = true
		case entry.KeyStatus() != keyset.Enabled:
		case passed:
			after = append(after, entry.KeyID())
		default:
			before = append(before, entry.KeyID())
		}
	}
	return before, after
}

func (k *keys) primary() uint32 {
	entry, err := k.data.Primary()
	if err != nil {
		return 0
	}
	return entry.KeyID()
}

// ErrChanging says that a data key is published and not the primary one yet.
var ErrChanging = errors.New("a change of the data keys is under way")

// Publish adds a new data key, which is not used yet, and destroys those that
// the last change retired.
func (k *Keyset) Publish(ctx context.Context) error {
	return k.change(ctx, func(now *keys) (*keyset.Handle, error) {
		if _, after := now.around(); len(after) > 0 {
			return nil, ErrChanging
		}
		m := keyset.NewManagerFromHandle(now.data)
		for id, status := range now.known {
			if status == keyset.Disabled {
				if err := m.Delete(id); err != nil {
					return nil, fmt.Errorf("destroy data key %d: %w", id, err)
				}
			}
		}
		if _, err := m.Add(aead.AES256GCMKeyTemplate()); err != nil {
			return nil, fmt.Errorf("make a data key: %w", err)
		}
		return m.Handle()
	})
}

// Promote has values sealed under the key that was published.
func (k *Keyset) Promote(ctx context.Context) error {
	return k.change(ctx, func(now *keys) (*keyset.Handle, error) {
		_, after := now.around()
		if len(after) == 0 {
			return nil, errors.New("no data key is published that could become the primary one")
		}
		m := keyset.NewManagerFromHandle(now.data)
		if err := m.SetPrimary(after[len(after)-1]); err != nil {
			return nil, fmt.Errorf("make data key %d the primary one: %w", after[len(after)-1], err)
		}
		return m.Handle()
	})
}

// Retire disables the keys before the primary one. Call it when nothing is
// sealed under them any more.
func (k *Keyset) Retire(ctx context.Context) error {
	return k.change(ctx, func(now *keys) (*keyset.Handle, error) {
		before, after := now.around()
		if len(after) > 0 {
			return nil, ErrChanging
		}
		m := keyset.NewManagerFromHandle(now.data)
		for _, id := range before {
			if err := m.Disable(id); err != nil {
				return nil, fmt.Errorf("retire data key %d: %w", id, err)
			}
		}
		return m.Handle()
	})
}

// Rotate makes a new data key and seals under it from now on. What was sealed
// before still opens. Where several servers share the database, Publish comes
// first, and Promote when all have followed.
func (k *Keyset) Rotate(ctx context.Context) error {
	if err := k.Publish(ctx); err != nil && !errors.Is(err, ErrChanging) {
		return err
	}
	return k.Promote(ctx)
}

// change puts other data keys in force, in the row first.
func (k *Keyset) change(ctx context.Context, to func(*keys) (*keyset.Handle, error)) error {
	k.changing.Lock()
	defer k.changing.Unlock()
	if _, err := k.reload(ctx); err != nil {
		return err
	}
	now := k.keys.Load()
	data, err := to(now)
	if err != nil {
		return err
	}
	if stray := k.stray(now.row); len(stray) > 0 {
		return fmt.Errorf("change the data keys: they are wrapped by %s too, which the configuration does not name\nhint: name it under keyset, or drop that wrap with certwright keyset rewrap", list(stray))
	}
	return k.put(ctx, now, k.wrapping(), data, clock.Real{}.Now().Add(vault.Ahead(k.store)).UTC())
}

// put wraps data keys, stores them over those now in force, and uses them.
func (k *Keyset) put(ctx context.Context, now *keys, keks []KEK, data *keyset.Handle, changed time.Time) (err error) {
	rec, rev := record{Version: recordVersion, Changed: changed}, now.rev
	if rec.Wraps, err = wrapAll(ctx, keks, data, DataKeys); err != nil {
		return err
	}
	if k.store != nil {
		if rev, err = putRow(ctx, k.store, DataKeys, rec, rev); err != nil {
			return err
		}
	}
	return k.use(data, rec, rev)
}

// wrapping are the key-encryption keys of the configuration that wrap the data keys.
func (k *Keyset) wrapping() (own []KEK) {
	now := k.keys.Load()
	for _, kek := range k.keks {
		if k.store == nil || len(wrapsFor(kek, k.keks, now.row)) > 0 {
			own = append(own, kek)
		}
	}
	return own
}

// stray are the ids of wraps that no key-encryption key of the configuration opens.
func (k *Keyset) stray(r record) (ids []string) {
	var mine []Wrap
	for _, kek := range k.keks {
		mine = append(mine, wrapsFor(kek, k.keks, r)...)
	}
	for _, w := range r.Wraps {
		if !slices.ContainsFunc(mine, func(m Wrap) bool { return m.KEK == w.KEK }) {
			ids = append(ids, w.KEK)
		}
	}
	return ids
}

// Rewrap has the data keys and those of backups wrapped by each key-encryption
// key of the configuration and by no other. No value is touched.
func (k *Keyset) Rewrap(ctx context.Context) error {
	k.changing.Lock()
	defer k.changing.Unlock()
	if _, err := k.reload(ctx); err != nil {
		return err
	}
	// those of backups first: where this is cut short, the data keys still have
	// the wrap of before, by which the next start opens both
	if err := k.rewrapBackups(ctx, false); err != nil {
		return err
	}
	now := k.keys.Load()
	if err := k.put(ctx, now, k.keks, now.data, now.row.Changed); err != nil {
		return err
	}
	return k.rewrapBackups(ctx, true)
}

// rewrapBackups wraps the keys of backups by those of the configuration; alone
// has it drop the other wraps.
func (k *Keyset) rewrapBackups(ctx context.Context, alone bool) error {
	own, err := k.blobKeys(ctx)
	if err != nil {
		return err
	}
	rec, rev := own.row, own.rev
	wraps, err := wrapAll(ctx, k.keks, own.data, BackupKeys)
	if err != nil {
		return err
	}
	for _, w := range own.row.Wraps {
		if !alone && !slices.ContainsFunc(wraps, func(n Wrap) bool { return n.KEK == w.KEK }) {
			wraps = append(wraps, w)
		}
	}
	rec.Wraps = wraps
	if k.store != nil {
		if rev, err = putRow(ctx, k.store, BackupKeys, rec, rev); err != nil {
			return err
		}
	}
	next, err := newBlobKeys(own.data, rec, rev)
	if err != nil {
		return err
	}
	k.backup.own.Store(next)
	return nil
}

// A DataKey is one of the data keys.
type DataKey struct {
	ID    uint32 `json:"key"`
	State string `json:"state"` // primary, published, earlier or retired
}

// A Status says what wraps the data keys, and which there are.
type Status struct {
	Wraps   []string  `json:"wrapped_by"`
	Missing []string  `json:"not_wrapped_by,omitempty"` // configured, and without a wrap yet
	Stray   []string  `json:"not_configured,omitempty"` // wraps that the configuration does not name
	Backups string    `json:"backup_keys,omitempty"`
	Keys    []DataKey `json:"data_keys"`
	Changed time.Time `json:"changed,omitzero"`
}

// Status returns how the keys are.
func (k *Keyset) Status() Status {
	now := k.keys.Load()
	s := Status{Wraps: now.row.keks(), Stray: k.stray(now.row), Changed: now.row.Changed}
	for _, kek := range k.keks {
		if len(wrapsFor(kek, k.keks, now.row)) == 0 {
			s.Missing = append(s.Missing, kek.ID())
		}
	}
	if own := k.backup.own.Load(); own != nil {
		s.Backups = own.row.ID
	}
	before, after := now.around()
	for i := range now.data.Len() {
		entry, err := now.data.Entry(i)
		if err != nil {
			continue
		}
		key := DataKey{entry.KeyID(), "retired"}
		switch id := entry.KeyID(); {
		case entry.IsPrimary():
			key.State = "primary"
		case slices.Contains(after, id):
			key.State = "published"
		case slices.Contains(before, id):
			key.State = "earlier"
		}
		s.Keys = append(s.Keys, key)
	}
	return s
}

// Check has each key-encryption key of the configuration open what it wrapped,
// and returns what each came to, by its id.
func (k *Keyset) Check(ctx context.Context) map[string]error {
	now, all := k.keys.Load(), map[string]error{}
	for _, kek := range k.keks {
		err := fmt.Errorf("the data keys are not wrapped by it\nhint: certwright keyset rewrap")
		for _, w := range wrapsFor(kek, k.keks, now.row) {
			if _, err = unwrap(ctx, kek, w, DataKeys); err == nil {
				break
			}
		}
		all[kek.ID()] = err
	}
	return all
}

var _ vault.Sealer = (*Keyset)(nil)
