package service

import (
	"context"

	"certwright/internal/vault"
)

// GetKey returns the public side of a key version, the latest for id "".
func (s *Service) GetKey(ctx context.Context, who vault.Caller, ref vault.Ref, id string) (Key, error) {
	v, err := s.get(ctx, who, "keys/get", ref, id)
	return Key{Version: v, Settings: s.Settings(ref.Vault)}, err
}

// ListKeys returns one page of a vault's keys, or of its soft-deleted ones.
func (s *Service) ListKeys(ctx context.Context, who vault.Caller, vaultName string, in ListInput) (Page[vault.Entry], error) {
	return s.list(ctx, who, vault.Ref{Vault: vaultName, Kind: vault.Keys}, in)
}

// ListKeyVersions returns one page of a key's versions in ascending order of id.
func (s *Service) ListKeyVersions(ctx context.Context, who vault.Caller, ref vault.Ref, in ListInput) (Page[vault.Entry], error) {
	return s.listVersions(ctx, who, ref, in)
}

// get reads a version of a key or secret for a caller.
func (s *Service) get(ctx context.Context, who vault.Caller, do vault.Action, ref vault.Ref, id string) (v vault.Version, err error) {
	if err := s.enter(ctx, who, do, ref); err != nil {
		return v, err
	}
	return s.readVersion(ctx, ref, id)
}

// readVersion reads a version, letting the certificate behind it settle first.
func (s *Service) readVersion(ctx context.Context, ref vault.Ref, id string) (v vault.Version, err error) {
	if err := s.settle(ctx, ref); err != nil {
		return v, err
	}
	err = s.Store.View(ctx, func(r vault.Reader) error {
		head, err := live(r, ref)
		if err == nil {
			v, err = version(r, head, id)
		}
		return err
	})
	return v, err
}
