package ca

import (
	"cmp"
	"maps"
	"slices"
	"time"

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
