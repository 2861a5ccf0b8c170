package auth

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the addresses of programs that pass requests on and are believed
// what they say of where these came from.
type Proxies []netip.Prefix

// ParseProxies reads `trusted_proxies`: addresses, and networks as in 10.0.0.0/8.
func ParseProxies(texts []string) (Proxies, error) {
	var all Proxies
	for _, text := range texts {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			addr, err := netip.ParseAddr(text)
			if err != nil {
				return nil, fmt.Errorf("trusted_proxies: %q is neither an address nor a network, as in 10.0.0.0/8", text)
			}
			addr = addr.Unmap().WithZone("")
			network = netip.PrefixFrom(addr, addr.BitLen())
		}
		if network.Bits() == 0 {
			return nil, fmt.Errorf("trusted_proxies: %q is everybody: each caller could say that it is another; write the addresses of the proxies", text)
		}
		all = append(all, network.Masked())
	}
	return all, nil
}

func (p Proxies) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(p, func(n netip.Prefix) bool { return n.Contains(a) })
}

// maxHops bounds how many proxies are looked at.
const maxHops = 32

// Address returns where a request came from: the other end of its connection,
// or, where that is a trusted proxy, the last address in X-Forwarded-For that is
// not one. What stands before that anybody may have written. It is the zero
// address where the connection has none, as on a Unix socket.
func (p Proxies) Address(r *http.Request) netip.Addr {
	at := parseAddress(r.RemoteAddr)
	if len(p) == 0 || !p.trusts(at) {
		return at
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := range min(len(hops), maxHops) {
		hop := parseAddress(strings.TrimSpace(hops[len(hops)-1-i]))
		if !hop.IsValid() {
			return at // the proxy that wrote this is as far as it is known
		}
		if at = hop; !p.trusts(at) {
			break
		}
	}
	return at
}

// parseAddress reads an address with or without a port; the zero address for
// anything else.
func parseAddress(text string) netip.Addr {
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr().Unmap().WithZone("")
	}
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}
