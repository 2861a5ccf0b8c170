package certs

import (
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"certwright/internal/certs/dn"
	"certwright/internal/vault"
)

// maxCommonName is how many characters a common name may have (RFC 5280
// appendix A.1, ub-common-name).
const maxCommonName = 64

// Fitted returns the properties as they go into requests and certificates: each
// alternative name once, and a common name that is too long left out of the
// subject where an alternative name carries it. Where there is no alternative
// name at all, a common name that is a DNS name with dots or an IP address becomes
// one, since programs look there alone (RFC 9525 section 2); beside others it is
// not added, as recorded. The error is the refusal of a subject that cannot be
// read or whose common name is too long.
func Fitted(x vault.X509Props) (vault.X509Props, error) {
	x, _, err := fitted(x)
	return x, err
}

// fitted is Fitted, with the subject in DER as well.
func fitted(x vault.X509Props) (_ vault.X509Props, subject []byte, err error) {
	if subject, err = dn.Parse(x.Subject); err != nil {
		return x, nil, err
	}
	x.SANs = once(x.SANs)
	kept, long, err := shortNames(subject, x.SANs)
	if err != nil {
		return x, nil, err
	}
	if long {
		x.Subject = dn.Render(kept)
		if subject, err = dn.Parse(x.Subject); err != nil { // as it would be from the policy
			return x, nil, err
		}
	}
	if x.SANs.Empty() {
		x.SANs = withCommonNames(x.SANs, subject)
	}
	return x, subject, nil
}

// WithSubject returns the properties with every common name that is a DNS name
// with dots or an IP address among the alternative names, once.
func WithSubject(x vault.X509Props) (vault.X509Props, error) {
	subject, err := dn.Parse(x.Subject)
	if err != nil {
		return x, err
	}
	x.SANs = withCommonNames(x.SANs, subject)
	return x, nil
}

// withCommonNames returns the alternative names with those of a subject in DER.
func withCommonNames(s *vault.SANs, subject []byte) *vault.SANs {
	for _, cn := range dn.CommonNames(subject) {
		s = withName(s, cn)
	}
	return s
}

// withName returns the alternative names with a common name that is a DNS name
// with dots or an IP address, unless they carry it or it is neither.
func withName(s *vault.SANs, cn string) *vault.SANs {
	host := strings.TrimSuffix(cn, ".")
	switch {
	case vault.IsIP(cn):
		return with(s, vault.SANs{IPs: []string{cn}})
	case strings.Contains(host, ".") && isHostName(host):
		return WithDNS(s, host)
	}
	return s
}

// WithDNS returns the alternative names with a DNS name, unless they carry it.
func WithDNS(s *vault.SANs, name string) *vault.SANs {
	return with(s, vault.SANs{DNS: []string{name}})
}

func with(s *vault.SANs, more vault.SANs) *vault.SANs {
	if s == nil {
		s = &vault.SANs{}
	}
	return once(&vault.SANs{DNS: slices.Concat(s.DNS, more.DNS), Emails: s.Emails, UPNs: s.UPNs, URIs: s.URIs, IPs: slices.Concat(s.IPs, more.IPs)})
}

// once returns alternative names without those that stand there already.
func once(s *vault.SANs) *vault.SANs {
	if s == nil {
		return nil
	}
	return &vault.SANs{DNS: distinct(s.DNS, strings.ToLower), Emails: distinct(s.Emails, mailbox), UPNs: distinct(s.UPNs, strings.ToLower),
		URIs: distinct(s.URIs, strings.Clone), IPs: distinct(s.IPs, address)}
}

// distinct returns the names whose form was not seen before.
func distinct(names []string, form func(string) string) (kept []string) {
	if len(names) == 0 {
		return names
	}
	seen := make(map[string]bool, len(names))
	for _, n := range names {
		if f := form(n); !seen[f] {
			seen[f] = true
			kept = append(kept, n)
		}
	}
	return kept
}

// mailbox compares e-mail addresses: the host without case, the rest with it
// (RFC 5280 section 7.5).
func mailbox(s string) string {
	at := strings.LastIndexByte(s, '@') + 1
	return s[:at] + strings.ToLower(s[at:])
}

func address(s string) string {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return s
	}
	return a.Unmap().String()
}

// isHostName takes DNS names whose last label is not a number.
func isHostName(s string) bool {
	return vault.IsDNSName(s) && strings.Trim(s[strings.LastIndexByte(s, '.')+1:], "0123456789") != ""
}

// carries reports whether a name is among the alternative names.
func carries(s *vault.SANs, name string) bool {
	if s == nil {
		return false
	}
	name = strings.TrimSuffix(name, ".")
	return slices.ContainsFunc(slices.Concat(s.DNS, s.Emails, s.UPNs, s.URIs), func(n string) bool { return strings.EqualFold(n, name) })
}

// shortNames returns a subject in DER without the common names that are too
// long and that the alternative names carry. One that they do not carry is a
// refusal.
func shortNames(subject []byte, sans *vault.SANs) (kept []byte, long bool, err error) {
	drop := func(cn string) bool {
		if utf8.RuneCountInString(cn) <= maxCommonName {
			return false
		}
		if !carries(sans, cn) && err == nil {
			err = vault.LongCommonName(cn, maxCommonName)
		}
		long = true
		return true
	}
	kept = dn.WithoutCommonNames(subject, drop)
	return kept, long, err
}
