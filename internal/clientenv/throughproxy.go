package clientenv

import (
	"strings"

	"certwright/internal/trust"
)

// ThroughProxy adds to an environment of r what sends programs through its
// proxy, and takes out of NO_PROXY what would keep Azure's names from it. All
// that was there still holds for other hosts: the proxy goes by the environment
// that the server was started in.
func (r Ready) ThroughProxy(vars []Variable) []Variable {
	var all []Variable
	for _, v := range vars {
		switch {
		case strings.EqualFold(v.Name, "NO_PROXY"):
			v.Value = withoutAzure(v.Value, r)
		case v.Name == vaultName && v.Value == AzureVault(r.IPURL):
			v.Value = AzureVault(r.VaultURL) // here names lead to the server
		}
		all = append(all, v)
	}
	return append(all, Variable{Name: "HTTPS_PROXY", Value: r.ProxyURL}, Variable{Name: "https_proxy", Value: r.ProxyURL})
}

// withoutAzure returns a NO_PROXY without the entries that name one of Azure's
// vaults or a zone around them.
func withoutAzure(list string, r Ready) string {
	if list == "*" {
		return joinProxies("", "", r)
	}
	var kept []string
	for part := range strings.SplitSeq(list, ",") {
		if !keepsAzure(part) {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, ",")
}

// keepsAzure reports whether some program reads an entry of NO_PROXY so that it
// covers names in one of Azure's zones: some want a dot in front, some a star,
// and some compare the ends of names without looking for a dot.
func keepsAzure(entry string) bool {
	name, _, _ := strings.Cut(strings.ToLower(entry), ":") // a port may follow
	name = strings.TrimLeft(name, "*.")
	if name == "" {
		return false
	}
	for _, zone := range trust.AzureZones() {
		if strings.HasSuffix(zone, name) || trust.Matches("*."+zone, name) {
			return true
		}
	}
	return false
}
