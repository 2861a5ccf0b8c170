package access

import (
	"testing"

	"certwright/internal/vault"
)

func TestEverythingGrantsAll(t *testing.T) {
	t.Parallel()
	var a vault.Authorizer = Everything{}
	on := vault.Ref{Vault: "web", Kind: vault.Certificates, Name: "site"}
	for _, do := range []vault.Action{"certificates/create", "certificates/purge", "secrets/get", ""} {
		if err := a.Authorize(t.Context(), vault.Caller{}, do, on); err != nil {
			t.Errorf("Authorize(%q) = %v, want nil", do, err)
		}
	}
}
