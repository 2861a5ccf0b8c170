package ca

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"certwright/internal/outbound"
	"certwright/internal/setting"
)

// Settings are what an operator writes below a provider of kind ca. The zero
// Settings are an authority that issues for any name, for 90 days at most.
type Settings struct {
	CommonName     string        // of the issuing CA; "" is the provider's name and "Issuing CA"
	RootCommonName string        // "" is common_name and "Root"
	RootYears      int           // how long a root lives; 0 is 20
	IssuingYears   int           // how long an issuing CA lives; 0 is 5
	Import         Import        // an issuing CA that exists already
	PublicURL      string        // where this server's /pki/ is found; "" leaves CDP and AIA out
	ManualApproval bool          // every order waits for an operator
	PendingTimeout time.Duration // how long it waits for one; 0 is for ever

	// Name constraints that the issuing CA carries, for all profiles.
	PermittedDNS    []string // domains, each with all below it
	PermittedIPs    []string // networks, as in 10.0.0.0/8
	PermittedEmails []string // mailboxes, hosts, or .example.org for hosts below
	PermittedURIs   []string // hosts in addresses, or .example.org for hosts below
	ExcludedDNS     []string
	ExcludedIPs     []string

	Profile  string             // of issuers that name none in org_details.id
	Profiles map[string]Profile // by name, which is compared as written
	Own      Profile            // the only profile where there are no others
}

// Fields implements setting.Settings.
func (s *Settings) Fields() []setting.Field {
	return append([]setting.Field{
		setting.Text("common_name", &s.CommonName),
		setting.Text("root_common_name", &s.RootCommonName),
		setting.Number("root_years", &s.RootYears),
		setting.Number("issuing_years", &s.IssuingYears),
		setting.Group("import", &s.Import),
		setting.Text("public_url", &s.PublicURL),
		setting.Switch("manual_approval", &s.ManualApproval),
		setting.Duration("pending_timeout", &s.PendingTimeout),
		setting.Texts("permitted_dns", &s.PermittedDNS),
		setting.Texts("permitted_ips", &s.PermittedIPs),
		setting.Texts("permitted_emails", &s.PermittedEmails),
		setting.Texts("permitted_uris", &s.PermittedURIs),
		setting.Texts("excluded_dns", &s.ExcludedDNS),
		setting.Texts("excluded_ips", &s.ExcludedIPs),
		setting.Text("profile", &s.Profile),
		setting.Map("profiles", &s.Profiles),
	}, s.Own.Fields()...)
}

// Import names the files of an issuing CA that exists already.
type Import struct {
	Certificate string // PEM: the issuing CA, then who signed it
	Key         string // PEM, not encrypted; not needed again once it was read
}

// Fields implements setting.Settings.
func (i *Import) Fields() []setting.Field {
	return []setting.Field{
		setting.File("certificate", &i.Certificate),
		setting.File("key", &i.Key),
	}
}

// A Profile says what may be asked for. Without any allow list every name is
// issued; as soon as there is one, only names that stand in one.
type Profile struct {
	ValidityDays int      // at most, the five minutes of backdating included; 0 is 90
	WebPKILike   bool     // not longer than browsers take from public authorities at that date
	AllowDNS     []string // example.org is that name, *.example.org all below it, * any
	AllowIPs     []string // addresses or networks
	AllowEmails  []string // mailboxes, *@example.org for a whole host
	AllowUPNs    []string // user principal names, as allow_emails
	AllowURIs    []string // addresses; a star at the end is for all that begin so
	EKUs         []string // what may be asked for, and what is given where nothing is; none: serverAuth and clientAuth are given, all may be asked for
	KeyUsages    []string // as ekus, spelled as in a policy's key_usage
}

// Fields implements setting.Settings.
func (p *Profile) Fields() []setting.Field {
	return []setting.Field{
		setting.Number("validity_days", &p.ValidityDays),
		setting.Switch("webpki_like", &p.WebPKILike),
		setting.Texts("allow_dns", &p.AllowDNS),
		setting.Texts("allow_ips", &p.AllowIPs),
		setting.Texts("allow_emails", &p.AllowEmails),
		setting.Texts("allow_upns", &p.AllowUPNs),
		setting.Texts("allow_uris", &p.AllowURIs),
		setting.Texts("ekus", &p.EKUs),
		setting.Texts("key_usages", &p.KeyUsages),
	}
}

const (
	defaultDays         = 90
	defaultRootYears    = 20
	defaultIssuingYears = 5
	maxYears            = 100
	maxName             = 50 // leaves room for what is put behind it in 64 (RFC 5280 appendix A.1)
)

func (s Settings) commonName(provider string) string {
	return cmp.Or(s.CommonName, provider[:min(len(provider), 38)]+" Issuing CA")
}

func (s Settings) rootName(provider string) string {
	return cmp.Or(s.RootCommonName, s.commonName(provider)+" Root")
}

func (s Settings) rootYears() int    { return cmp.Or(s.RootYears, defaultRootYears) }
func (s Settings) issuingYears() int { return cmp.Or(s.IssuingYears, defaultIssuingYears) }

// imports reports whether the issuing CA comes from files.
func (s Settings) imports() bool { return s.Import != Import{} }

// profile returns the profile of a name; "" is for the usual one.
func (s Settings) profile(name string) (p Profile, known bool) {
	if name == "" {
		name = s.usual()
	}
	if len(s.Profiles) == 0 {
		p, known = s.Own, name == s.Profile
	} else {
		p, known = s.Profiles[name]
	}
	p.ValidityDays = cmp.Or(p.ValidityDays, s.Own.ValidityDays, defaultDays)
	return p, known
}

// usual is the name of the profile for issuers that name none; "" with several
// profiles is none.
func (s Settings) usual() string {
	if s.Profile == "" && len(s.Profiles) == 1 {
		return s.profileNames()[0]
	}
	return s.Profile
}

func (s Settings) profileNames() []string {
	if len(s.Profiles) == 0 && s.Profile != "" {
		return []string{s.Profile}
	}
	return slices.Sorted(maps.Keys(s.Profiles))
}

// longest is the longest life of a leaf, of whatever profile.
func (s Settings) longest() time.Duration {
	if len(s.Profiles) == 0 {
		p, _ := s.profile(s.Profile)
		return days(p.ValidityDays)
	}
	most := 0
	for name := range s.Profiles {
		p, _ := s.profile(name)
		most = max(most, p.ValidityDays)
	}
	return days(most)
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

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
	slices.SortFunc(wrong, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
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
