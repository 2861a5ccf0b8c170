package admin

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"certwright/internal/trust"
	"certwright/internal/vault"
)

// guard refuses what a web page could make a browser send here: requests of
// another site, by the headers that browsers cannot be kept from setting, and
// requests under a name that is not ours, which is how DNS rebinding looks.
func (h *Handler) guard(r *http.Request) error {
	if err := h.Known(r); err != nil {
		return err
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none": // none: typed by a person
	default:
		return foreign("Requests of other web sites are refused.")
	}
	if origins := r.Header.Values("Origin"); len(origins) > 0 && !sameOrigin(origins, r.Host) {
		return foreign("Requests of other web sites are refused.")
	}
	return nil
}

// Known refuses a request under a name that is not this server's, by which
// another site could read what is here.
func (h *Handler) Known(r *http.Request) error {
	if !h.knows(r.Host, r) {
		return unknownName(r.Host)
	}
	return nil
}

func foreign(message string) error {
	return &vault.Error{Reason: vault.Denied, Code: "Forbidden", Message: message}
}

// unknownName answers a request under a name that is not ours: who owns the name
// may let it lead here, so that a page of his reads what is here (DNS rebinding).
func unknownName(host string) error {
	return foreign("The host name " + printable(host) + " is not one that this server is called by; use localhost or its IP address, or name it under hosts in the configuration.")
}

// publishes reports whether a host is one under which certificates say that CRLs
// are found.
func (h *Handler) publishes(host string) bool {
	name := strings.TrimSuffix(strings.ToLower(hostname(host)), ".")
	return slices.ContainsFunc(h.PublicHosts, func(known string) bool { return strings.EqualFold(known, name) })
}

// knows reports whether host is localhost, a loopback address, the address at
// which the request came, or a name it was told.
func (h *Handler) knows(host string, r *http.Request) bool {
	name := strings.TrimSuffix(strings.ToLower(hostname(host)), ".")
	if name == "localhost" || slices.ContainsFunc(h.Hosts, func(known string) bool { return trust.Matches(known, name) }) {
		return true
	}
	addr, err := netip.ParseAddr(name)
	if err != nil {
		return false
	}
	return addr.Unmap().IsLoopback() || addr.Unmap() == localAddress(r)
}

// hostname cuts the port and the brackets off a Host header.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		return host[1 : len(host)-1]
	}
	return host
}

func localAddress(r *http.Request) netip.Addr {
	at, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddrPort(at.String())
	if err != nil {
		return netip.Addr{}
	}
	return addr.Addr().Unmap().WithZone("")
}

// sameOrigin reports whether the one origin is the host itself. "null" is not.
func sameOrigin(origins []string, host string) bool {
	if len(origins) != 1 {
		return false
	}
	u, err := url.Parse(origins[0])
	return err == nil && u.Scheme == "http" && strings.EqualFold(u.Host, host)
}
