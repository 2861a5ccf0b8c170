package trust

import (
	"slices"
	"strings"
)

// localNames are what a vault on this machine or network is called by. Nobody
// can register a name under them (RFC 2606, RFC 6761, RFC 6762; internal:
// reserved by ICANN in 2024). Any other name may belong to somebody, who can
// make it lead here and his web pages call us by it (DNS rebinding).
var localNames = []string{
	"localhost", "*.localhost",
	"*.svc", "*.svc.cluster.local", "*.local", "*.internal", "*.test", "*.example", "*.localdomain",
}

// azureZones are where the service's own vaults and managed HSMs are, in the
// public cloud and the sovereign ones. Only hosts entries and our proxy lead
// names in them here.
var azureZones = []string{
	"vault.azure.net", "vault.azure.cn", "vault.usgovcloudapi.net", "vault.microsoftazure.de",
	"managedhsm.azure.net", "managedhsm.azure.cn", "managedhsm.usgovcloudapi.net",
}

// AzureZones lists the zones that IsAzure knows.
func AzureZones() []string { return slices.Clone(azureZones) }

// IsAzure reports whether name is that of a vault or managed HSM of the service
// itself.
func IsAzure(name string) bool {
	return slices.ContainsFunc(azureZones, func(zone string) bool { return Matches("*."+zone, name) })
}

// serves reports whether there are leaves for a server name: a single label, a
// local name, one of Azure's or one of Hosts.
func (a *Authority) serves(name string) bool {
	is := func(pattern string) bool { return Matches(pattern, name) }
	return !strings.Contains(name, ".") || slices.ContainsFunc(localNames, is) || IsAzure(name) || slices.ContainsFunc(a.Hosts, is)
}

// Matches reports whether name is the host name that pattern spells or, where
// that is *. and a name, any name below it. Letter case does not matter.
func Matches(pattern, name string) bool {
	if suffix, ok := strings.CutPrefix(pattern, "*"); ok {
		return len(name) > len(suffix) && strings.EqualFold(name[len(name)-len(suffix):], suffix)
	}
	return strings.EqualFold(pattern, name)
}

// IsPattern reports whether Matches can match anything with s: a host name, or
// *. and one.
func IsPattern(s string) bool {
	return isServerName(strings.ToLower(strings.TrimPrefix(s, "*.")))
}
