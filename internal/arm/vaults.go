package arm

import (
	"net/http"
	"slices"
	"strings"

	"certwright/internal/vault"
)

// A resource is what all have that lists name.
type resource struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Type     string            `json:"type"`
	Location string            `json:"location"`
	Tags     map[string]string `json:"tags"`
}

type vaultResource struct {
	resource
	Properties vaultProperties `json:"properties"`
}

type vaultProperties struct {
	SKU               map[string]string `json:"sku"`
	TenantID          string            `json:"tenantId"`
	Policies          []any             `json:"accessPolicies"`
	ForDeployment     bool              `json:"enabledForDeployment"`
	ForDisks          bool              `json:"enabledForDiskEncryption"`
	ForTemplates      bool              `json:"enabledForTemplateDeployment"`
	SoftDelete        bool              `json:"enableSoftDelete"`
	SoftDeleteDays    int               `json:"softDeleteRetentionInDays"`
	RBAC              bool              `json:"enableRbacAuthorization"`
	PurgeProtection   bool              `json:"enablePurgeProtection,omitempty"` // the real one never says false
	URI               string            `json:"vaultUri"`
	ProvisioningState string            `json:"provisioningState"`
	Network           string            `json:"publicNetworkAccess"`
}

// resource returns a vault as lists of resources show it.
func (s *Service) resource(c call, name, group string) resource {
	return resource{
		ID: groupID(c.subscription, group) + "/providers/" + vaultType + "/" + name, Name: name, Type: vaultType,
		Location: s.Region, Tags: map[string]string{},
	}
}

// vault returns a vault with its settings.
func (s *Service) vault(c call, name, group string) vaultResource {
	of := strings.ToLower(name)
	uri, byAddress := vaultURL(c.host, of, s.Vault)
	if byAddress {
		of = s.Vault
	}
	set, sku := s.Settings(of), "standard"
	if set.Premium || set.HSM {
		sku = "premium"
	}
	return vaultResource{resource: s.resource(c, name, group), Properties: vaultProperties{
		SKU: map[string]string{"family": "A", "name": sku}, TenantID: s.Tenant, Policies: []any{},
		SoftDelete: true, SoftDeleteDays: set.SoftDeleteDays, RBAC: true, PurgeProtection: set.PurgeProtection,
		URI: uri, ProvisioningState: "Succeeded", Network: "Enabled",
	}}
}

// oneVault answers for any name that a vault can have: all of them are there.
func oneVault(s *Service, c call) (any, error) {
	name := strings.ToLower(c.vault)
	if vault.CheckVaultName(name) != nil {
		return nil, refusal{http.StatusNotFound, "ResourceNotFound", "The Resource '" + vaultType + "/" + clip(c.vault) + "' under resource group '" + c.group + "' was not found: no vault can have this name."}
	}
	s.groups.put(c.subscription, name, c.group)
	return s.vault(c, c.vault, c.group), nil
}

// noDeletedVault answers that a vault is not deleted: none ever is.
func noDeletedVault(_ *Service, c call) (any, error) {
	return nil, refusal{http.StatusNotFound, "DeletedVaultNotFound", "The specified deleted vault '" + clip(c.vault) + "' does not exist."}
}

func clip(name string) string { return name[:min(len(name), maxName)] }

// vaults lists vaults with their settings, resources without.
func vaults(s *Service, c call) (any, error) {
	return s.page(c, func(name, group string) any { return s.vault(c, name, group) })
}

func resources(s *Service, c call) (any, error) {
	return s.page(c, func(name, group string) any { return s.resource(c, name, group) })
}

// page lists the vaults that are asked for, in order of name.
func (s *Service) page(c call, show func(name, group string) any) (any, error) {
	names, more, err := s.names(c)
	if err != nil {
		return nil, err
	}
	shown := []any{}
	for _, name := range names {
		group := s.groups.get(c.subscription, name)
		if (c.group == "" || strings.EqualFold(c.group, group)) && c.filter.allows(s.resource(c, name, group), group) {
			shown = append(shown, show(name, group))
		}
	}
	page := list{Value: shown}
	if more {
		page.NextLink = c.next(names[len(names)-1])
	}
	return page, nil
}

// names returns the vaults of a page before the filter: those that hold
// anything, those of the configuration, and the one that the filter names,
// which is there like any other. more says that others follow.
func (s *Service) names(c call) (names []string, more bool, err error) {
	if one, asked := c.filter["name"]; asked {
		if one = strings.ToLower(one); vault.CheckVaultName(one) != nil {
			return nil, false, nil
		}
		return []string{one}, false, nil
	}
	names, err = s.Vaults(c.ctx, c.after, c.limit+1)
	if err != nil {
		return nil, false, err
	}
	for _, name := range s.Configured {
		if name > c.after {
			names = append(names, name)
		}
	}
	names = known(names)
	if len(names) > c.limit {
		return names[:c.limit], true, nil
	}
	return names, false, nil
}

// known sorts names, each once, in lower case.
func known(names []string, more ...string) []string {
	var all []string
	for _, name := range append(slices.Clone(names), more...) {
		all = append(all, strings.ToLower(name))
	}
	slices.Sort(all)
	return slices.Compact(all)
}
