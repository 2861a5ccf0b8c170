package tokens

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// cloudAudience is what clients ask for that do not read the challenge.
const cloudAudience = "https://vault.azure.net"

// audiences tell which hosts this server is, and what tokens of it may be for.
type audiences struct {
	issuer string   // the name of the issuer's host, which may be no vault's
	names  []string // of the vaults, in lower case, without a port; *.example.org is all below it
	more   []string // exact
}

func newAudiences(origin string, hosts, more []string) audiences {
	a := audiences{issuer: hostName(strings.TrimPrefix(origin, "https://")), more: append([]string{cloudAudience}, more...)}
	for _, host := range hosts {
		a.names = append(a.names, hostName(host))
	}
	if len(hosts) == 0 {
		a.names = []string{a.issuer}
	}
	return a
}

// hostName returns a Host header's name in lower case, without port and root dot.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.TrimSuffix(strings.Trim(strings.ToLower(host), "[]"), ".")
}

// plainHost is what a Host header may be made of: it is repeated to who asked.
var plainHost = regexp.MustCompile(`^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?$`)

// serves reports whether this server is called by a host.
func (a audiences) serves(host string) bool {
	name := hostName(host)
	if !plainHost.MatchString(host) {
		return false
	}
	return name == a.issuer || slices.ContainsFunc(a.names, func(pattern string) bool {
		if below, wild := strings.CutPrefix(pattern, "*"); wild {
			return strings.HasSuffix(name, below) && len(name) > len(below)
		}
		return name == pattern
	})
}

// allows reports whether a token may be for an audience: what the challenge of
// one of this server's hosts names, and what the configuration adds. A token
// for anything else would be of use elsewhere.
func (a audiences) allows(audience string) bool {
	if slices.Contains(a.more, audience) {
		return true
	}
	u, err := url.Parse(audience)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "kv" || audience != u.Scheme+"://"+u.Host {
		return false
	}
	name := hostName(u.Host)
	return slices.ContainsFunc(a.names, func(pattern string) bool { return isResourceOf(name, u.Scheme, pattern) })
}

// isResourceOf reports whether the challenge of a host of the pattern names
// name: the host without its first label, of an IPv4 address with the scheme
// kv; of a name of one label, and of an IPv6 address, the host itself.
func isResourceOf(name, scheme, pattern string) bool {
	if below, wild := strings.CutPrefix(pattern, "*."); wild {
		return scheme == "https" && (name == below || strings.HasSuffix(name, "."+below))
	}
	addr, err := netip.ParseAddr(pattern)
	isAddress := err == nil
	_, rest, _ := strings.Cut(pattern, ".")
	switch {
	case isAddress && addr.Is4():
		return scheme == "kv" && name == rest
	case isAddress || rest == "":
		return scheme == "https" && name == pattern
	}
	return scheme == "https" && name == rest
}
