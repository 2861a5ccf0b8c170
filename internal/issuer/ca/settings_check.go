package ca

import (
	"fmt"
	"net/netip"
	"sort"
	"strings"

	"certwright/internal/outbound"
)

// Check reports every setting that will not do, in a fixed order.
func (s Settings) Check() []error {
	var wrong faults
	for key, name := range map[string]string{"common_name": s.CommonName, "root_common_name": s.RootCommonName} {
		if len(name) > maxName || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) || name != strings.TrimSpace(name) {
			wrong.say("%s: %q must be a plain name of at most %d bytes, as in Example Issuing CA", key, name, maxName)
		}
	}
	if s.CommonName != "" && s.CommonName == s.RootCommonName {
		wrong.say("root_common_name: must differ from common_name %q", s.CommonName)
	}
	s.checkLives(&wrong)
	if s.PublicURL != "" {
		if err := checkPublic(s.PublicURL); err != nil {
			wrong.say("public_url: %w", err)
		}
	}
	if s.PendingTimeout < 0 {
		wrong.say("pending_timeout: %v is less than nothing; write 0 to wait for ever, or as in 720h", s.PendingTimeout)
	}
	s.checkImport(&wrong)
	s.checkConstraints(&wrong)
	s.checkProfiles(&wrong)
	sort.Slice(wrong, func(i, j int) bool { return wrong[i].Error() < wrong[j].Error() })
	return wrong
}

// checkPublic takes http as well as https: lists of revoked certificates are
// signed, and are fetched by those who cannot check TLS yet (RFC 5280 section 8).
func checkPublic(address string) error {
	if rest, ok := strings.CutPrefix(address, "http://"); ok {
		return outbound.CheckURL("https://" + rest)
	}
	return outbound.CheckURL(address)
}

func (s Settings) checkLives(wrong *faults) {
	for key, years := range map[string]int{"root_years": s.RootYears, "issuing_years": s.IssuingYears} {
		if years < 0 || years > maxYears {
			wrong.say("%s: %d must be 1 to %d", key, years, maxYears)
		}
	}
	if s.imports() {
		return
	}
	if s.issuingYears() > s.rootYears() {
		wrong.say("issuing_years: %d is longer than the root lives, which is root_years: %d", s.issuingYears(), s.rootYears())
	}
	if longest := s.longest(); 2*longest > days(365*s.issuingYears()) {
		wrong.say("validity_days: %d is more than half the life of an issuing CA, which is issuing_years: %d; make that longer", int(longest/days(1)), s.issuingYears())
	}
}

func (s Settings) checkImport(wrong *faults) {
	if !s.imports() {
		return
	}
	if s.Import.Certificate == "" || s.Import.Key == "" {
		wrong.say("import: needs both certificate and key, files in PEM")
	}
	if s.CommonName != "" || s.RootCommonName != "" || s.RootYears != 0 || s.IssuingYears != 0 {
		wrong.say("import: an imported issuing CA has its name and life already; leave out common_name, root_common_name, root_years and issuing_years")
	}
	if !s.constraints().empty() {
		wrong.say("import: an imported issuing CA has its name constraints already; leave out permitted_... and excluded_..., and use the allow lists of profiles")
	}
}

func (s Settings) checkConstraints(wrong *faults) {
	for key, list := range map[string][]string{"permitted_dns": s.PermittedDNS, "excluded_dns": s.ExcludedDNS} {
		for _, d := range list {
			if !isHost(d) {
				wrong.say("%s: %q is not a valid domain, as in example.org; all below it is meant as well", key, d)
			}
		}
	}
	for _, h := range s.PermittedURIs {
		if !isHost(strings.TrimPrefix(h, ".")) {
			wrong.say("permitted_uris: %q is not a valid host, as in example.org, or .example.org for the hosts below it", h)
		}
	}
	for key, list := range map[string][]string{"permitted_ips": s.PermittedIPs, "excluded_ips": s.ExcludedIPs} {
		for _, n := range list {
			if _, err := parseNetwork(n); err != nil {
				wrong.say("%s: %w", key, err)
			}
		}
	}
	for _, e := range s.PermittedEmails {
		local, host, mailbox := strings.Cut(e, "@")
		if mailbox && (local == "" || !isHost(host) || !visible(local)) || !mailbox && !isHost(strings.TrimPrefix(e, ".")) {
			wrong.say("permitted_emails: %q is neither a mailbox nor a host, as in example.org, or .example.org for the hosts below it", e)
		}
	}
}

func (s Settings) checkProfiles(wrong *faults) {
	s.Own.check("", wrong)
	if len(s.Profiles) == 0 {
		return
	}
	if own := s.Own; own.WebPKILike || own.restricts() || own.EKUs != nil || own.KeyUsages != nil {
		wrong.say("profiles: beside them only validity_days stands on its own; write allow_..., ekus, key_usages and webpki_like into a profile")
	}
	if _, ok := s.Profiles[s.Profile]; s.Profile != "" && !ok {
		wrong.say("profile: %q is not one of the profiles, which are %s", s.Profile, strings.Join(s.profileNames(), ", "))
	}
	for name, p := range s.Profiles {
		if name == "" {
			wrong.say("profiles: one has no name")
		}
		p.check("profiles: "+name+": ", wrong)
	}
}

// check reports what is wrong in a profile; where is put before the key.
func (p Profile) check(where string, wrong *faults) {
	if p.ValidityDays < 0 || p.ValidityDays > 365*maxYears {
		wrong.say("%svalidity_days: %d must be 1 to %d", where, p.ValidityDays, 365*maxYears)
	}
	for _, list := range []struct {
		key      string
		patterns []string
		ok       func(string) error
	}{
		{"allow_dns", p.AllowDNS, checkDNSPattern}, {"allow_emails", p.AllowEmails, checkMailPattern},
		{"allow_upns", p.AllowUPNs, checkMailPattern}, {"allow_uris", p.AllowURIs, checkURIPattern},
		{"allow_ips", p.AllowIPs, func(s string) error { _, err := parseNetwork(s); return err }},
		{"ekus", p.EKUs, func(s string) error { _, err := parseEKU(s); return err }},
		{"key_usages", p.KeyUsages, checkUsage},
	} {
		for _, pattern := range list.patterns {
			if err := list.ok(pattern); err != nil {
				wrong.say("%s%s: %w", where, list.key, err)
			}
		}
	}
}

// faults are what is wrong with settings.
type faults []error

func (f *faults) say(format string, args ...any) { *f = append(*f, fmt.Errorf(format, args...)) }

// parseNetwork reads a network, or an address as the network of itself.
func parseNetwork(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	n, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return n, fmt.Errorf("%q is neither an address nor a network, as in 10.0.0.0/8", s)
	case n.Addr().Is4In6():
		return n, fmt.Errorf("%q must be written as IPv4, as in 10.0.0.0/8", s)
	case n != n.Masked():
		return n, fmt.Errorf("%q has bits beyond its length; write %s", s, n.Masked())
	}
	return n, nil
}
