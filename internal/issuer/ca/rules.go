package ca

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"certwright/internal/vault"
)

// restricts reports whether only listed names may be asked for.
func (p Profile) restricts() bool {
	return p.AllowDNS != nil || p.AllowIPs != nil || p.AllowEmails != nil || p.AllowUPNs != nil || p.AllowURIs != nil
}

// A rule holds one kind of names against a profile's list and the name
// constraints of the issuing CA.
type rule struct {
	what                string // as the policy calls them
	names               []string
	sound               func(name string) bool
	allowed             []string
	match               func(pattern, name string) bool
	permitted, excluded []string
	within, excludes    func(constraint, name string) bool
}

func (p Profile) rules(c constraints, w request) []rule {
	return []rule{
		{"x509_props.sans.dns_names", w.names.DNS, isDNS, p.AllowDNS, matchDNS, c.permittedDNS, c.excludedDNS, withinDomain, excludesDomain},
		{"x509_props.sans.ipAddresses", w.names.IPs, isIP, p.AllowIPs, matchIP, c.permittedIPs, c.excludedIPs, matchIP, matchIP},
		{"x509_props.sans.emails", w.names.Emails, isMail, p.AllowEmails, matchMail, c.permittedEmails, c.excludedEmails, withinMail, withinMail},
		{"x509_props.sans.upns", w.names.UPNs, utf8.ValidString, p.AllowUPNs, matchMail, nil, nil, nil, nil},
		{"x509_props.sans.uris", w.names.URIs, isURI, p.AllowURIs, matchURI, c.permittedURIs, c.excludedURIs, withinURI, withinURI},
		{"x509_props.subject", w.emails, isMail, p.AllowEmails, matchMail, c.permittedEmails, c.excludedEmails, withinMail, withinMail},
	}
}

// allows says what a profile of that name does not allow of a request; nil if it
// may be issued. The text begins with the policy's member.
func (p Profile) allows(name string, limits []constraints, w request) error {
	if w.ca {
		return fmt.Errorf("x509_props.basic_constraints.ca is true; this authority issues to no other authority")
	}
	if len(w.subject) <= 2 && w.names.Empty() {
		return fmt.Errorf("x509_props names nothing that a certificate could be for")
	}
	for _, c := range limits {
		if len(c.permittedDNS) > 0 && len(w.names.DNS) == 0 && len(w.bare) > 0 { // openssl takes it for a DNS name outside of them (error 47)
			return fmt.Errorf("x509_props.subject has the address '%s' as common name, which many refuse below the name constraints of this authority; put it into x509_props.sans.ipAddresses only", w.bare[0])
		}
		if err := p.allowsNames(name, p.rules(c, w), w); err != nil {
			return err
		}
	}
	if p.restricts() && len(w.odd) > 0 {
		return fmt.Errorf("x509_props.subject has the common name '%s', which is not a DNS name, address or mailbox; %s allows only such", vault.Clip(w.odd[0], 100), called(name))
	}
	return p.checkUses(name, w)
}

func (p Profile) allowsNames(profile string, rules []rule, w request) error {
	for _, r := range rules {
		for _, n := range r.names {
			if err := p.checkName(profile, r, n, w); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p Profile) checkName(profile string, r rule, name string, w request) error {
	what := r.what
	if slices.Contains(w.added, name) {
		what = "x509_props.subject"
	}
	is := func(match func(pattern, name string) bool) func(string) bool {
		return func(pattern string) bool { return match(pattern, name) }
	}
	switch {
	case !r.sound(name):
		return fmt.Errorf("%s '%s' is not a name that a certificate can carry", what, vault.Clip(name, 100))
	case p.restricts() && !slices.ContainsFunc(r.allowed, is(r.match)):
		return fmt.Errorf("%s '%s' is not a name that %s allows; it allows %s", what, vault.Clip(name, 100), called(profile), listed(r.allowed))
	case r.permitted != nil && !slices.ContainsFunc(r.permitted, is(r.within)):
		return fmt.Errorf("%s '%s' is outside of the name constraints of this authority, which are %s", what, vault.Clip(name, 100), listed(r.permitted))
	case slices.ContainsFunc(r.excluded, is(r.excludes)):
		return fmt.Errorf("%s '%s' is excluded by the name constraints of this authority", what, vault.Clip(name, 100))
	}
	return nil
}

func (p Profile) checkUses(name string, w request) error {
	for _, e := range w.ekus {
		if !p.allowsEKU(e) {
			return fmt.Errorf("x509_props.ekus has %s, which %s does not allow; it allows %s", ekuName(e), called(name), p.purposes())
		}
	}
	for _, u := range w.usage {
		if fits(u, w.ec) && !p.allowsUsage(u) {
			return fmt.Errorf("x509_props.key_usage has %s, which %s does not allow; it allows %s", u, called(name), listed(p.usages()))
		}
	}
	return nil
}

func (p Profile) purposes() string {
	if p.EKUs == nil {
		return "any other"
	}
	return listed(p.EKUs)
}

func (p Profile) usages() (all []string) {
	for _, u := range forLeaves {
		if p.allowsUsage(u) {
			all = append(all, string(u))
		}
	}
	return all
}

func called(profile string) string {
	if profile == "" {
		return "this authority"
	}
	return "profile " + profile
}

func listed(all []string) string {
	switch {
	case len(all) == 0:
		return "none of that kind"
	case len(all) > 10:
		return strings.Join(all[:10], ", ") + " and others"
	}
	return strings.Join(all, ", ")
}
