package auth

import (
	"net/netip"
	"strings"

	"certwright/internal/vault"
)

// VaultName returns the vault that a Host header means: its first label in
// lower case, or the default vault for localhost and IP addresses
// (docs/contract/wire.md). A label that cannot be a vault's name is refused; check
// it only after the caller is authenticated.
func (a Authenticator) VaultName(host string) (string, error) {
	name, _ := splitPort(host)
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if name == "localhost" || isAddress(name) {
		if a.Vault == "" {
			return DefaultVault, nil
		}
		return a.Vault, nil
	}
	label, _, _ := strings.Cut(name, ".")
	if err := vault.CheckVaultName(label); err != nil {
		return "", err
	}
	return label, nil
}

func isAddress(name string) bool {
	if strings.HasPrefix(name, "[") && strings.HasSuffix(name, "]") {
		name = name[1 : len(name)-1]
	}
	_, err := netip.ParseAddr(name)
	return err == nil
}
