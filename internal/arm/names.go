package arm

import (
	"net/netip"
	"strings"
)

// suffix returns what follows a vault's name and a dot in the address of a
// vault, as somebody who calls the server by host can use it, port kept:
//
//   - a name: the host without its first label, as in the vaults' challenge;
//   - this machine: vault.localhost;
//   - the address of another machine: the address without its first octet,
//     which stands for a name; no name leads there.
func suffix(host string) string {
	name, port := splitPort(host)
	addr, err := netip.ParseAddr(strings.Trim(name, "[]"))
	_, rest, dotted := strings.Cut(name, ".")
	switch {
	case err == nil && addr.Is4() && !addr.IsLoopback(), err != nil && dotted && rest != "":
		return rest + port
	}
	return "vault.localhost" + port
}

// vaultURL returns the address of a vault for somebody who calls the server by
// host, and whether it is the server's own address, which means the default
// vault. Clients join "127" and ".0.0.1:8443" where no name resolves, so the
// first octet of an address is a name for it.
func vaultURL(host, name, defaultVault string) (url string, byAddress bool) {
	at, port := splitPort(host)
	if at == "localhost" {
		at = "127.0.0.1"
	}
	addr, err := netip.ParseAddr(at)
	if err == nil && addr.Is4() && (strings.HasPrefix(at, name+".") || name == defaultVault && !addr.IsLoopback()) {
		return "https://" + at + port + "/", true
	}
	return "https://" + name + "." + suffix(host) + "/", false
}

// splitPort cuts ":port" off a Host header; port keeps its colon.
func splitPort(host string) (name, port string) {
	i := strings.LastIndexByte(host, ':')
	if i < 0 || strings.HasSuffix(host, "]") {
		return host, ""
	}
	return host[:i], host[i:]
}
