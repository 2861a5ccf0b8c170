package engine

import (
	"context"
	"errors"
	"time"

	"certwright/internal/vault"
)

// Again repeats what finds an object changed since it was read.
func Again(ctx context.Context, do func() error) error {
	for {
		err := do()
		if !errors.Is(err, vault.ErrStale) {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// Update runs a transaction that reads what it puts, anew where another came between.
func Update(ctx context.Context, store vault.Store, fn func(vault.Tx) error) error {
	return Again(ctx, func() error { return store.Update(ctx, fn) })
}

// errJobLost says that a worker may not store what it did: its job was
// removed, or another worker has it.
var errJobLost = errors.New("the job was removed, or another worker has it")

// Finish ends the job that a worker was handed, before it puts what came of it.
func Finish(o *vault.Object, l vault.Lease) error {
	if err := o.Finish(l); err != nil {
		return errJobLost
	}
	return nil
}

// IgnoreLost is nil where err says that the job was removed, went away with its
// object, or is another worker's: that ends it as well.
func IgnoreLost(err error) error {
	if errors.Is(err, errJobLost) {
		return nil
	}
	return err
}

// Work edits the object of a job that a worker was handed: the job ends, and edit
// says what is to be done next. Nothing is written where the job is lost.
func Work(ctx context.Context, store vault.Store, l vault.Lease, edit func(vault.Tx, *vault.Object) error) error {
	return IgnoreLost(Update(ctx, store, func(tx vault.Tx) error {
		o, err := tx.Object(l.Ref)
		if errors.Is(err, vault.ErrNotFound) {
			return errJobLost
		}
		if err != nil {
			return err
		}
		if err := Finish(&o, l); err != nil {
			return err
		}
		if err := edit(tx, &o); err != nil {
			return err
		}
		return tx.PutObject(&o)
	}))
}

// Anew lets a job that ends fall due as it was planned last, where its object was
// written to since a worker was handed it: the worker may not have seen that.
func Anew(tx vault.Tx, o *vault.Object, l vault.Lease) (anew bool, err error) {
	if o.Rev == l.Rev {
		return false, nil
	}
	was, err := tx.Object(o.Ref)
	if err == nil {
		o.SetJob(l.Kind, was.Jobs[l.Kind])
	}
	return true, err
}

// PutOff gives a job that could not be done another try at a time.
func PutOff(ctx context.Context, store vault.Store, l vault.Lease, due time.Time) error {
	return IgnoreLost(Update(ctx, store, func(tx vault.Tx) error {
		o, _, err := Found(tx.Object(l.Ref)) // the lease of one that is gone is stale
		if err != nil {
			return err
		}
		if o.PutOff(l, due) != nil {
			return errJobLost
		}
		return tx.PutObject(&o)
	}))
}

// SetJob lets a job of a sink, a list or the sweep fall due, whose object is made if it is not there.
func SetJob(tx vault.Tx, kind vault.JobKind, ref vault.Ref, due time.Time) error {
	o, err := tx.Object(ref)
	if errors.Is(err, vault.ErrNotFound) {
		o, err = vault.Object{Ref: ref}, nil
	}
	if err != nil {
		return err
	}
	o.SetJob(kind, due)
	return tx.PutObject(&o)
}
