package access

import (
	"fmt"
	"net/netip"
	"strings"
)

// A firewall says which addresses a vault lets in.
type firewall struct {
	closed bool // to all but those
	allow  []netip.Prefix
}

// lets reports whether callers of an address are let in. One that is not known
// is not.
func (f *firewall) lets(from netip.Addr) bool { return !f.closed || contains(f.allow, from) }

func contains(ranges []netip.Prefix, addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	for _, r := range ranges {
		if r.Contains(addr) {
			return true
		}
	}
	return false
}

func (n Network) compile() (f firewall, wrong []error) {
	switch strings.ToLower(n.Default) {
	case "", "allow":
		if len(n.Allow) > 0 {
			wrong = append(wrong, fmt.Errorf("network: allow has no effect while every address is let in\nhint: set default: deny, or leave allow out"))
		}
	case "deny":
		f.closed = true
	default:
		wrong = append(wrong, fmt.Errorf("network: default: %q must be allow or deny", n.Default))
	}
	allow, errs := prefixes("network: allow", n.Allow)
	f.allow = allow
	return f, append(wrong, errs...)
}

// prefixes reads addresses and ranges.
func prefixes(key string, texts []string) (all []netip.Prefix, wrong []error) {
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if addr, notAddr := netip.ParseAddr(text); notAddr == nil {
			p, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		switch {
		case err != nil:
			wrong = append(wrong, fmt.Errorf("%s: %q is neither an address nor a range, as in 10.0.0.7 or 10.0.0.0/8", key, text))
		case p != p.Masked():
			wrong = append(wrong, fmt.Errorf("%s: %q has bits beyond its range\nhint: write %s, or %s for the one address", key, text, p.Masked(), p.Addr()))
		default:
			all = append(all, unmapped(p))
		}
	}
	return all, wrong
}

// unmapped writes a range of IPv4 addresses within IPv6 as one of IPv4.
func unmapped(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p
}
