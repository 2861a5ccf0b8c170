package service

import (
	"context"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// List returns one page of a vault's certificates, keys or secrets, or of its
// soft-deleted ones, in ascending order of name.
func (s *Service) List(ctx context.Context, who vault.Caller, vaultName string, kind vault.Kind, in ListInput) (Page[vault.Entry], error) {
	if err := s.enter(ctx, who, actions[kind].list, vault.Ref{Vault: vaultName, Kind: kind}); err != nil {
		return Page[vault.Entry]{}, err
	}
	var rows []vault.Entry
	err := s.Store.View(ctx, func(r vault.Reader) (err error) {
		rows, err = r.Objects(vault.ObjectsPage{Vault: vaultName, Kind: kind, Deleted: in.Deleted,
			IncludePending: in.IncludePending, Own: in.Own, After: in.After, Limit: in.Limit + 1})
		return err
	})
	return page(rows, in.Limit, s.Settings(vaultName), func(e vault.Entry) string { return e.Key() }), err
}

// ListVersions returns one page of an object's versions in ascending order of
// id. A name that is not there has none (docs/contract/certificates.md).
func (s *Service) ListVersions(ctx context.Context, who vault.Caller, ref vault.Ref, in ListInput) (Page[vault.Entry], error) {
	if err := s.enter(ctx, who, actions[ref.Kind].list, ref); err != nil {
		return Page[vault.Entry]{}, err
	}
	var rows []vault.Entry
	err := s.Store.View(ctx, func(r vault.Reader) error {
		head, ok, err := engine.Found(r.Object(ref))
		if err != nil || !ok || head.Deletion != nil || head.Pending() {
			return err
		}
		rows, err = r.Versions(head.Ref, in.After, in.Limit+1)
		return err
	})
	return page(rows, in.Limit, s.Settings(ref.Vault), func(e vault.Entry) string { return e.ID }), err
}

// page cuts off the one row more that tells whether there is a next page.
func page[T any](rows []T, limit int, settings vault.Settings, key func(T) string) Page[T] {
	p := Page[T]{Items: rows, Settings: settings}
	if len(rows) > limit {
		p.Items = rows[:limit]
		p.Next = key(p.Items[limit-1])
	}
	return p
}
