package service

import (
	"context"
	"fmt"

	"certwright/internal/vault"
)

// GetSecret returns a secret version with its value, the latest for id "". A
// disabled one keeps its value to itself; one outside its dates does not
// (CONTRACT section 7).
func (s *Service) GetSecret(ctx context.Context, who vault.Caller, ref vault.Ref, id string) (Secret, error) {
	v, _, err := s.get(ctx, who, "secrets/get", ref, id)
	if err != nil {
		return Secret{}, err
	}
	if !v.Attributes.Enabled {
		return Secret{}, vault.DisabledObject(vault.Secrets, "get")
	}
	value, err := s.Sealer.Open(v.Secret.Value, vault.Binding(v.Ref, v.ID))
	if err != nil {
		return Secret{}, fmt.Errorf("open secret %s: %w", v.Ref, err)
	}
	return Secret{Version: v, Value: string(value), Settings: s.Settings(ref.Vault)}, nil
}

// GetDeletedSecret returns a soft-deleted secret without its value.
func (s *Service) GetDeletedSecret(ctx context.Context, who vault.Caller, ref vault.Ref) (Secret, error) {
	v, d, err := s.getDeleted(ctx, who, "secrets/get", ref)
	return Secret{Version: v, Deletion: d, Settings: s.Settings(ref.Vault)}, err
}

// ListSecrets returns one page of a vault's secrets, or of its soft-deleted ones.
func (s *Service) ListSecrets(ctx context.Context, who vault.Caller, vaultName string, in ListInput) (Page[vault.Entry], error) {
	return s.list(ctx, who, vault.Ref{Vault: vaultName, Kind: vault.Secrets}, in)
}

// ListSecretVersions returns one page of a secret's versions in ascending order of id.
func (s *Service) ListSecretVersions(ctx context.Context, who vault.Caller, ref vault.Ref, in ListInput) (Page[vault.Entry], error) {
	return s.listVersions(ctx, who, ref, in)
}
