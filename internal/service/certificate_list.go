package service

import (
	"context"

	"certwright/internal/vault"
)

// ListCertificates returns one page of a vault's certificates, or of its
// soft-deleted ones, in ascending order of name.
func (s *Service) ListCertificates(ctx context.Context, who vault.Caller, vaultName string, in ListInput) (Page[vault.Entry], error) {
	return s.list(ctx, who, vault.Ref{Vault: vaultName, Kind: vault.Certificates}, in)
}

// ListCertificateVersions returns one page of a certificate's versions in
// ascending order of id. A name that is not there has none (WIRE section 3).
func (s *Service) ListCertificateVersions(ctx context.Context, who vault.Caller, ref vault.Ref, in ListInput) (Page[vault.Entry], error) {
	return s.listVersions(ctx, who, ref, in)
}

func (s *Service) list(ctx context.Context, who vault.Caller, ref vault.Ref, in ListInput) (Page[vault.Entry], error) {
	if err := s.enter(ctx, who, vault.Action(ref.Kind)+"/list", ref); err != nil {
		return Page[vault.Entry]{}, err
	}
	var rows []vault.Entry
	err := s.Store.View(ctx, func(r vault.Reader) (err error) {
		rows, err = r.Objects(vault.ObjectsPage{Vault: ref.Vault, Kind: ref.Kind, Deleted: in.Deleted,
			IncludePending: in.IncludePending, After: in.After, Limit: in.Limit + 1})
		return err
	})
	return page(rows, in.Limit, s.Settings(ref.Vault), func(e vault.Entry) string { return e.Key() }), err
}

func (s *Service) listVersions(ctx context.Context, who vault.Caller, ref vault.Ref, in ListInput) (Page[vault.Entry], error) {
	if err := s.enter(ctx, who, vault.Action(ref.Kind)+"/list", ref); err != nil {
		return Page[vault.Entry]{}, err
	}
	var rows []vault.Entry
	err := s.Store.View(ctx, func(r vault.Reader) error {
		head, ok, err := found(r.Object(ref))
		if err != nil || !ok || head.Deletion != nil {
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
