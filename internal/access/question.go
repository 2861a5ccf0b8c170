package access

import (
	"fmt"
	"strings"

	"certwright/internal/vault"
)

// ParsePlace reads where an action is asked for as people write it: VAULT,
// VAULT/certificates/NAME (or keys, secrets), or / for the server.
func ParsePlace(do vault.Action, text string) (on vault.Ref, err error) {
	kind, _, _ := strings.Cut(string(do), "/")
	parts := strings.Split(strings.TrimPrefix(strings.Trim(text, "/"), "vaults/"), "/")
	server := !vault.Kind(kind).Public()
	switch on = (vault.Ref{Vault: parts[0], Kind: vault.Kind(kind)}); {
	case parts[0] == "" && server:
		return vault.Ref{}, nil
	case vault.CheckVaultName(parts[0]) == nil && len(parts) == 1:
	case vault.CheckVaultName(parts[0]) == nil && len(parts) == 3 && vault.CheckName(parts[2]) == nil && (parts[1] == kind || server && parts[1] == "certificates"):
		on.Name = parts[2]
	case len(parts) == 3 && vault.Kind(parts[1]).Public() && !server:
		return on, fmt.Errorf("%q is of another kind than the action %s", text, do)
	default:
		return on, fmt.Errorf("%q is no place\nhint: write VAULT, VAULT/certificates/NAME (or keys, secrets), or / for the server", text)
	}
	if server {
		on.Kind = vault.Certificates
	}
	if OfVault(do) {
		on.Name = "" // as it is asked
	}
	return on, nil
}

// PlaceText writes where something is asked for as assignments do.
func PlaceText(on vault.Ref) string {
	switch {
	case on.Vault == "":
		return "/"
	case on.Name == "":
		return "/vaults/" + on.Vault
	}
	return "/vaults/" + on.Vault + "/" + string(on.Kind) + "/" + on.Name
}
