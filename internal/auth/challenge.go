package auth

import (
	"net/http"
	"net/netip"
	"strings"

	"certwright/internal/vault"
)

// Challenge returns the value of WWW-Authenticate for a request to host, which
// is the Host header with its port, if any. The form is byte-exact
// (docs/contract/connecting.md): comma and one space, straight quotes, one
// tenant segment, no trailing slash, no scope. Never answer anything but this
// to a request without a good token, however wrong the rest of it is.
func (a Authenticator) Challenge(host string) string {
	if !plainHost(host) {
		host = "localhost" // not worth repeating: no client sent it
	}
	authority := a.Authority
	if authority == "" {
		authority = "https://" + host + "/" + firstOf(a.Tenant, DefaultTenant)
	}
	return `Bearer authorization="` + authority + `", resource="` + resource(host) + `"`
}

// Deny sets the headers that go with an error of Authenticate: the challenge,
// the same whatever was wrong, since clients take it apart by hand, and what is
// wrong with a token in a header of its own.
func Deny(h http.Header, challenge string, err error) {
	h.Set("WWW-Authenticate", challenge)
	if refusal := vault.RefusalIn(err); refusal != nil && refusal.Token != "" {
		h.Set(vault.TokenHeader, string(refusal.Token))
	}
}

// resource returns the audience that SDKs compare with the host they called
// before they send a token (docs/contract/connecting.md):
//
//   - a name: https:// and the host without its first label, port kept;
//   - an IPv4 literal: kv:// and the address without its first octet, since
//     JavaScript reads https://0.0.1 as the address 0.0.0.1;
//   - an IPv6 literal or a name of one label, which no SDK can accept because
//     its check wants a dot: the host itself, so that a client which switched
//     the check off still asks for a token that names this server.
func resource(host string) string {
	name, port := splitPort(host)
	rest := ""
	if i := strings.IndexByte(name, '.'); i > 0 && !strings.HasPrefix(name, "[") {
		rest = name[i+1:]
	}
	if rest == "" {
		return "https://" + host
	}
	if addr, err := netip.ParseAddr(name); err == nil && addr.Is4() {
		return "kv://" + rest + port
	}
	return "https://" + rest + port
}

// splitPort cuts ":port" off a Host header; port keeps its colon.
func splitPort(host string) (name, port string) {
	i := strings.LastIndexByte(host, ':')
	if i < 0 || strings.HasSuffix(host, "]") {
		return host, ""
	}
	return host[:i], host[i:]
}

// plainHost reports whether host is made of what names, addresses and ports
// are made of, so that it may stand between quotes in a header.
func plainHost(host string) bool {
	if host == "" || len(host) > 300 {
		return false
	}
	for _, c := range []byte(host) {
		if !isAlnum(c) && !strings.ContainsRune("-._:[]", rune(c)) {
			return false
		}
	}
	return true
}
