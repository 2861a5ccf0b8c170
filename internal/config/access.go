package config

import (
	"fmt"
	"strings"

	"certwright/internal/access"
	"certwright/internal/setting"
	"certwright/internal/vault"
)

// Permissions compiles who may do what in a production server.
func (c Config) Permissions() (*access.Table, error) {
	c = c.WithDefaults()
	vaults := make([]access.Vault, len(c.Vaults))
	for i, v := range c.Vaults {
		vaults[i] = access.Vault{Name: v.Name, Access: v.Access, Network: v.Network}
	}
	issuers := c.Auth.URLs()
	if c.Auth.TokenService != nil {
		issuers[vault.ClientIssuer] = c.Auth.TokenService.Issuer
	}
	return access.New(c.Access, vaults, access.Surroundings{Region: c.Region, Issuers: issuers})
}

// serveFields are the settings of a vault that only a production server has.
func (v *Vault) serveFields() []setting.Field {
	return []setting.Field{setting.Group("access", &v.Access), setting.Group("network", &v.Network)}
}

// checkDevVaults refuses settings of vaults that decide nothing in a development server.
func checkDevVaults(vaults []Vault) (wrong []error) {
	for _, v := range vaults {
		for _, f := range v.serveFields() {
			if f.Set() {
				wrong = append(wrong, fmt.Errorf("vaults: %s of %s: this is a setting of certwright serve, dev grants everything to everybody\nhint: leave it out, or start certwright serve",
					f.Key, strings.ToLower(v.Name)))
			}
		}
	}
	return wrong
}
