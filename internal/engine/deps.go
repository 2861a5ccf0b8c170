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
	Poke     func()                                // wakes the worker after new work was stored that is due
	PokeAt   func(due time.Time)                   // lets the worker wake when it is due, if it would sleep longer
	Log      *slog.Logger                          // never gets a secret

	// Revision reads that of an object, 0 if there is none, where other servers write
	// to the store too; nil: this process alone does.
	Revision func(ctx context.Context, ref vault.Ref) (int64, error)
	// Fresh reports whether Stale was told of what other servers changed until so
	// short a while ago that the configuration has it so; nil: it never is.
	Fresh func() bool

	epochs epochs
}

// Check reports the first field that is not set.
func (d *Deps) Check() error {
	if d.Store == nil || d.Sealer == nil || d.Clock == nil || d.Settings == nil || d.Poke == nil || d.PokeAt == nil || d.Log == nil {
		return errors.New("engine: Store, Sealer, Clock, Settings, Poke, PokeAt and Log are required")
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

// ChangeAnew is Change for what reads itself all that it puts: it begins anew where
// another transaction came between.
func (d *Deps) ChangeAnew(ctx context.Context, ref vault.Ref, fn func(vault.Tx) error) error {
	defer d.epochs.bump(ref)
	return Update(ctx, d.Store, fn)
}

// Edit reads an object that is there, lets edit change it, and puts it, in one
// transaction; another one that came between lets it begin anew. Where edit fails
// nothing is written.
func (d *Deps) Edit(ctx context.Context, ref vault.Ref, edit func(vault.Tx, *vault.Object) error) error {
	return d.ChangeAnew(ctx, ref, func(tx vault.Tx) error {
		o, err := tx.Object(ref)
		if err != nil {
			return err
		}
		if err := edit(tx, &o); err != nil {
			return err
		}
		return tx.PutObject(&o)
	})
}

// Work is Work of a worker's job, and makes what was rendered of its object stale.
func (d *Deps) Work(ctx context.Context, l vault.Lease, edit func(vault.Tx, *vault.Object) error) error {
	defer d.epochs.bump(l.Ref)
	return Work(ctx, d.Store, l, edit)
}

// Drop ends a job that has nothing left to do, unless Anew.
func (d *Deps) Drop(ctx context.Context, l vault.Lease) error {
	return d.Work(ctx, l, func(tx vault.Tx, o *vault.Object) error {
		_, err := Anew(tx, o, l)
		return err
	})
}

// Reset empties the store, settings and accounts excepted, and makes all that
// was rendered of it stale. It is for development servers and asks nobody's
// permission.
func (d *Deps) Reset(ctx context.Context) error {
	defer d.epochs.bumpAll()
	return d.Store.Reset(ctx)
}
