package ca

import (
	"crypto/x509"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// constraints are the name constraints of an issuing CA (RFC 5280 section
// 4.2.1.10). A nil list of permitted names permits all of the kind.
type constraints struct {
	permittedDNS, permittedIPs, permittedEmails, permittedURIs []string
	excludedDNS, excludedIPs, excludedEmails, excludedURIs     []string
}

// constraints are those of an issuing CA that is yet to be made.
func (s Settings) constraints() constraints {
	return constraints{permittedDNS: s.PermittedDNS, permittedIPs: s.PermittedIPs, permittedEmails: s.PermittedEmails,
		permittedURIs: s.PermittedURIs, excludedDNS: s.ExcludedDNS, excludedIPs: s.ExcludedIPs}
}

func (c constraints) empty() bool {
	return len(c.permittedDNS)+len(c.permittedIPs)+len(c.permittedEmails)+len(c.permittedURIs)+
		len(c.excludedDNS)+len(c.excludedIPs)+len(c.excludedEmails)+len(c.excludedURIs) == 0
}

// constraintsOf reads those of a certificate.
func constraintsOf(c *x509.Certificate) constraints {
	return constraints{
		permittedDNS: c.PermittedDNSDomains, permittedIPs: prefixes(c.PermittedIPRanges), permittedEmails: c.PermittedEmailAddresses, permittedURIs: c.PermittedURIDomains,
		excludedDNS: c.ExcludedDNSDomains, excludedIPs: prefixes(c.ExcludedIPRanges), excludedEmails: c.ExcludedEmailAddresses, excludedURIs: c.ExcludedURIDomains,
	}
}

// constrain puts them into a certificate to be made.
func (c constraints) constrain(t *x509.Certificate) {
	t.PermittedDNSDomainsCritical = !c.empty()
	t.PermittedDNSDomains, t.ExcludedDNSDomains = c.permittedDNS, c.excludedDNS
	t.PermittedIPRanges, t.ExcludedIPRanges = networks(c.permittedIPs), networks(c.excludedIPs)
	t.PermittedEmailAddresses, t.ExcludedEmailAddresses = c.permittedEmails, c.excludedEmails
	t.PermittedURIDomains, t.ExcludedURIDomains = c.permittedURIs, c.excludedURIs
}

func networks(list []string) (nets []*net.IPNet) {
	for _, s := range list {
		if n, err := parseNetwork(s); err == nil {
			nets = append(nets, &net.IPNet{IP: n.Addr().AsSlice(), Mask: net.CIDRMask(n.Bits(), n.Addr().BitLen())})
		}
	}
	return nets
}

func prefixes(nets []*net.IPNet) (list []string) {
	for _, n := range nets {
		list = append(list, n.String())
	}
	return list
}

// withinDomain reports whether a name is a domain or below it; with a dot in
// front only what is below. A wildcard stands for a name below its own domain.
func withinDomain(domain, name string) bool {
	domain, name = strings.ToLower(domain), strings.ToLower(name)
	if below, ok := strings.CutPrefix(domain, "."); ok {
		return strings.HasSuffix(name, "."+below)
	}
	return domain == "" || name == domain || strings.HasSuffix(name, "."+domain)
}

// excludesDomain is withinDomain, and finds wildcards that stand for the domain.
func excludesDomain(domain, name string) bool {
	above, wild := strings.CutPrefix(name, "*.")
	_, parent, _ := strings.Cut(domain, ".")
	return withinDomain(domain, name) || wild && strings.EqualFold(above, parent)
}

// withinMail takes a mailbox, a host, or with a dot in front the hosts below.
func withinMail(constraint, name string) bool {
	at := strings.LastIndexByte(name, '@')
	if i := strings.LastIndexByte(constraint, '@'); i >= 0 {
		return at >= 0 && constraint[:i] == name[:at] && strings.EqualFold(constraint[i:], name[at:])
	}
	return withinHost(constraint, name[at+1:])
}

func withinHost(constraint, host string) bool {
	if strings.HasPrefix(constraint, ".") {
		return withinDomain(constraint, host)
	}
	return strings.EqualFold(constraint, host) || constraint == ""
}

// withinURI compares hosts; an address without one, or of an IP address, is
// within no permitted host (RFC 5280 section 4.2.1.10).
func withinURI(constraint, name string) bool {
	u, err := url.Parse(name)
	if err != nil || u.Hostname() == "" {
		return false
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return false
	}
	return withinHost(constraint, u.Hostname())
}
