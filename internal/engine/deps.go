// Package engine is what schedule, order and service share: the store, the seal,
// the clock and the log in one struct, readers of rows that answer with the
// refusals a caller must see, and the epochs by which rendered answers go stale.
// It decides nothing.
package engine

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"certwright/internal/vault"
)

// Deps are what schedule, order and service each hold. Its fields are set once, before use.
type Deps struct {
	Store    vault.Store
	Sealer   vault.Sealer
	Clock    vault.Clock
	Settings func(vaultName string) vault.Settings // what the operator fixed for a vault
	Poke     func()                                // wakes the worker after new work was stored
	Log      *slog.Logger                          // never gets a secret

	epochs epochs
}

// Check reports the first field that is not set.
func (d *Deps) Check() error {
	if d.Store == nil || d.Sealer == nil || d.Clock == nil || d.Settings == nil || d.Poke == nil || d.Log == nil {
		return errors.New("engine: Store, Sealer, Clock, Settings, Poke and Log are required")
	}
	return nil
}

// Now is the time of one operation: the server's clock in whole seconds.
func (d *Deps) Now() time.Time { return d.Clock.Now().UTC().Truncate(time.Second) }

// Change runs one transaction about one name and makes what was rendered of it stale.
func (d *Deps) Change(ctx context.Context, ref vault.Ref, fn func(vault.Tx) error) error {
	defer d.epochs.bump(ref)
	return d.Store.Update(ctx, fn)
}

// Drop ends a job that has nothing left to do.
func (d *Deps) Drop(ctx context.Context, l vault.Lease) error {
	err := d.Store.Update(ctx, func(tx vault.Tx) error { return tx.Finish(l) })
	return Withdrawn(err)
}

// Withdrawn is nil where err says that the job was withdrawn meanwhile, which
// ends it as well.
func Withdrawn(err error) error {
	if errors.Is(err, vault.ErrStale) {
		return nil
	}
	return err
}

// Reset empties the store, settings and accounts excepted, and makes all that
// was rendered of it stale. It is for development servers and asks nobody's
// permission.
func (d *Deps) Reset(ctx context.Context) error {
	defer d.epochs.bumpAll()
	return d.Store.Reset(ctx)
}

// ErrChanged says that what was prepared no longer fits the stored state: it is
// prepared anew.
var ErrChanged = errors.New("the object changed meanwhile")
