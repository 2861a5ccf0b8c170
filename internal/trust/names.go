package trust

import (
	"slices"
	"strings"
)

// localNames are what a vault on this machine or network is called by. Nobody
// can register a name under them (RFC 2606, RFC 6761, RFC 6762; internal:
// reserved by ICANN in 2024) but in the zones of Azure, which only hosts
// entries lead here. Any other name may belong to somebody, who can make it
// lead here and his web pages call us by it (DNS rebinding).
var localNames = []string{
	"localhost", "*.localhost", "*.vault.azure.net", "*.managedhsm.azure.net",
	"*.svc", "*.svc.cluster.local", "*.local", "*.internal", "*.test", "*.example", "*.localdomain",
}

// serves reports whether there are leaves for a server name: a single label, a
// local name or one of Hosts.
func (a *Authority) serves(name string) bool {
	is := func(pattern string) bool { return Matches(pattern, name) }
	return !strings.Contains(name, ".") || slices.ContainsFunc(localNames, is) || slices.ContainsFunc(a.Hosts, is)
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
