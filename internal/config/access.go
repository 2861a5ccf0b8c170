package config

import (
	"fmt"
	"slices"
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

// ClientsGiven are the clients of the token service that assignments and policies
// name, each once.
func (c Config) ClientsGiven() (names []string) {
	assignments, policies := slices.Clone(c.Access.Assignments), slices.Clone(c.Access.Policies)
	for _, v := range c.Vaults {
		assignments, policies = append(assignments, v.Access.Assignments...), append(policies, v.Access.Policies...)
	}
	for _, a := range assignments {
		names = append(names, a.To.Client)
	}
	for _, p := range policies {
		names = append(names, p.Client)
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
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
