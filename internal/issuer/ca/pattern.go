package ca

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// isHost takes a host name without wildcard, in ASCII: internationalised names
// are written as they go into certificates (xn--).
func isHost(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for l := range strings.SplitSeq(s, ".") {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' ||
			strings.Trim(l, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
			return false
		}
	}
	return true
}

// isDNS takes what a certificate may carry as a DNS name: a host, or *. and one.
// An address is none: some programs would take it for one, past what is said of
// addresses.
func isDNS(s string) bool { return isHost(strings.TrimPrefix(s, "*.")) && !isIP(s) }

func isIP(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Zone() == ""
}

func isMail(s string) bool { return visible(s) && matchMail("*", s) }

// isURI takes what readers of certificates take: an address with a scheme whose
// host, if there is one, is a name or an IP address.
func isURI(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.IsAbs() && visible(s) && (u.Host == "" || isHost(u.Hostname()) || isIP(u.Hostname()))
}

func visible(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

func checkDNSPattern(p string) error {
	if p == "*" || isDNS(p) {
		return nil
	}
	return fmt.Errorf("%q is not a valid pattern; write example.org for that name, *.example.org for all below it, or * for any", p)
}

// matchDNS reports whether a pattern allows a name. A name below a domain may
// be a wildcard itself; *.example.org as a pattern does not allow example.org.
func matchDNS(pattern, name string) bool {
	if !isDNS(name) {
		return false
	}
	pattern, name = strings.ToLower(pattern), strings.ToLower(name)
	if domain, ok := strings.CutPrefix(pattern, "*."); ok {
		return strings.HasSuffix(name, "."+domain)
	}
	return pattern == "*" || pattern == name
}

func checkMailPattern(p string) error {
	at := strings.LastIndexByte(p, '@')
	if p == "*" || at > 0 && visible(p[:at]) && isDNS(p[at+1:]) && (p[:at] == "*" || !strings.Contains(p[:at], "*")) {
		return nil
	}
	return fmt.Errorf("%q is not a valid pattern; write a mailbox, *@example.org for all of a host, *@*.example.org for the hosts below it, or * for any", p)
}

// matchMail reports whether a pattern allows a mailbox or a user principal name.
// What stands before the @ is compared as written (RFC 5321 section 2.4).
func matchMail(pattern, name string) bool {
	at, split := strings.LastIndexByte(name, '@'), strings.LastIndexByte(pattern, '@')
	if at <= 0 || !isHost(name[at+1:]) {
		return false
	}
	if split < 0 {
		return pattern == "*"
	}
	return (pattern[:split] == "*" || pattern[:split] == name[:at]) && matchDNS(pattern[split+1:], name[at+1:])
}

func checkURIPattern(p string) error {
	if p == "*" {
		return nil
	}
	start, star := strings.CutSuffix(p, "*")
	u, err := url.Parse(start)
	switch {
	case err != nil || !visible(start) || !u.IsAbs() || strings.Contains(start, "*"):
	case star && u.Opaque != "" && strings.HasSuffix(start, ":"), star && u.Host != "" && strings.HasSuffix(u.Path, "/"), !star:
		return nil
	}
	return fmt.Errorf("%q is not a valid pattern; write an address, spiffe://example.org/web/* for all that begin so, or * for any", p)
}

// matchURI reports whether a pattern allows an address. With a star the address
// must be plain: no user, no steps upwards, nothing escaped.
func matchURI(pattern, name string) bool {
	start, star := strings.CutSuffix(pattern, "*")
	switch {
	case pattern == "*":
		return visible(name)
	case !star:
		return pattern == name
	}
	u, err := url.Parse(name)
	if err != nil || !u.IsAbs() || !visible(name) || u.User != nil || strings.ContainsAny(name, `%\`) {
		return false
	}
	if slices.ContainsFunc(strings.Split(u.Path+u.Opaque, "/"), func(s string) bool { return s == ".." || s == "." }) {
		return false
	}
	return strings.HasPrefix(lowerHost(name), lowerHost(start))
}

// lowerHost turns scheme and host to lower case, in which they do not differ.
func lowerHost(s string) string {
	head, rest, _ := strings.Cut(s, "://")
	host := len(rest)
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host = i
	}
	if len(head) == len(s) { // opaque, as in urn:example:1
		scheme, after, _ := strings.Cut(s, ":")
		return strings.ToLower(scheme) + ":" + after
	}
	return strings.ToLower(head+"://"+rest[:host]) + rest[host:]
}

// matchIP reports whether a network has an address.
func matchIP(network, address string) bool {
	n, err := parseNetwork(network)
	a, err2 := netip.ParseAddr(address)
	return err == nil && err2 == nil && a.Zone() == "" && n.Contains(a.Unmap())
}
