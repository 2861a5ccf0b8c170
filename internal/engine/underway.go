package engine

import (
	"context"

	"certwright/internal/vault"
)

// PageSize is how many rows one transaction looks at where all are gone through.
const PageSize = 200

// Underway is a page of the operations in progress of a vault, or of all for "",
// and the place to go on after; its zero value says that there are no more.
func Underway(r vault.Reader, vaultName string, after vault.Ref, limit int) (ops []vault.Operation, next vault.Ref, err error) {
	ops, err = r.Underway(vaultName, after, limit+1)
	if err == nil && len(ops) > limit {
		ops = ops[:limit]
		next = ops[limit-1].Ref
	}
	return ops, next, err
}

// EachUnderway goes through the operations in progress of a vault.
func (d *Deps) EachUnderway(ctx context.Context, vaultName string, do func(vault.Operation) error) error {
	for after := (vault.Ref{}); ; {
		var page []vault.Operation
		err := d.Store.View(ctx, func(r vault.Reader) (err error) {
			page, after, err = Underway(r, vaultName, after, PageSize)
			return err
		})
		if err != nil {
			return err
		}
		if err := Each(page, do); err != nil {
			return err
		}
		if after == (vault.Ref{}) {
			return nil
		}
	}
}

// Each does something with every item of a list, until it fails.
func Each[T any](list []T, do func(T) error) error {
	for _, t := range list {
		if err := do(t); err != nil {
			return err
		}
	}
	return nil
}
