package engine

import (
	"context"

	"certwright/internal/vault"
)

// PageSize is how many rows one transaction looks at where all are gone through.
const PageSize = 200

// Orders is a page of the certificates whose operation has a status, of a vault
// or of all for "", and the place to go on after; its zero value says that there
// are no more.
func Orders(r vault.Reader, status vault.Status, vaultName string, after vault.Ref, limit int) (page []vault.Object, next vault.Ref, err error) {
	page, err = r.Orders(status, vaultName, after, limit+1)
	if err == nil && len(page) > limit {
		page = page[:limit]
		next = page[limit-1].Ref
	}
	return page, next, err
}

// EachOrder goes through the certificates of a vault whose operation has a status.
func (d *Deps) EachOrder(ctx context.Context, status vault.Status, vaultName string, do func(vault.Object) error) error {
	return d.pages(ctx, func(r vault.Reader, after vault.Ref) ([]vault.Object, vault.Ref, error) {
		return Orders(r, status, vaultName, after, PageSize)
	}, do)
}

// EachObject goes through all objects of a vault, deleted or not.
func (d *Deps) EachObject(ctx context.Context, vaultName string, do func(vault.Object) error) error {
	return d.pages(ctx, func(r vault.Reader, after vault.Ref) (page []vault.Object, next vault.Ref, err error) {
		if after == (vault.Ref{}) {
			after.Vault = vaultName
		}
		if page, err = r.AllObjects(after, PageSize); err != nil {
			return nil, next, err
		}
		for i, o := range page {
			if o.Vault != vaultName {
				return page[:i], next, nil
			}
		}
		if len(page) == PageSize {
			next = page[len(page)-1].Ref
		}
		return page, next, nil
	}, do)
}

// pages does something with every object of a list that is read page by page.
func (d *Deps) pages(ctx context.Context, read func(vault.Reader, vault.Ref) ([]vault.Object, vault.Ref, error), do func(vault.Object) error) error {
	for after := (vault.Ref{}); ; {
		var page []vault.Object
		err := d.Store.View(ctx, func(r vault.Reader) (err error) {
			page, after, err = read(r, after)
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
