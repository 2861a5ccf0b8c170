package vault

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// MaxSubject is the length of the longest subject, in bytes (docs/contract/certificates.md).
const MaxSubject = 200

const (
	maxNames    = 500 // of each kind of SAN; nothing recorded
	maxValidity = 1200
	maxEKUs     = 100 // nothing recorded
)

// Check refuses a policy that no certificate can be made from, which was before
// until now: a longer subject than callers may write can only be one that an
// import wrote. Whether it is a distinguished name is the craft of package certs.
func (p Policy) Check(before Policy, s Settings) error {
	if len(p.X509.Subject) > MaxSubject && p.X509.Subject != before.X509.Subject {
		return Bad("x509_props.subject is longer than %d characters.", MaxSubject)
	}
	for _, check := range []func() error{
		func() error { return p.Key.Check(s) },
		p.Secret.check, p.X509.check,
		func() error { return checkLifetime(p.Lifetime, p.X509.ValidityMonths, p.Issuer.Name) },
		p.Issuer.check, p.Platform.check,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// SameCertificate reports whether the next version is made as it was before;
// clients send the whole policy back where they change one member of it.
func (p Policy) SameCertificate(before Policy) bool {
	a, b := p.X509, before.X509
	return p.Key == before.Key && a.Subject == b.Subject && a.SANs.same(b.SANs) && slices.Equal(a.EKUs, b.EKUs) &&
		slices.Equal(a.Usage, b.Usage) && a.ValidityMonths == b.ValidityMonths && a.CA == b.CA
}

func (s *SANs) same(as *SANs) bool {
	if s == nil || as == nil {
		return s == as
	}
	return slices.Equal(s.DNS, as.DNS) && slices.Equal(s.Emails, as.Emails) && slices.Equal(s.UPNs, as.UPNs) &&
		slices.Equal(s.URIs, as.URIs) && slices.Equal(s.IPs, as.IPs)
}

// Check refuses a type, size or curve that no key pair can be made of, for
// certificates and plain keys alike.
func (k KeyProps) Check(s Settings) error {
	switch {
	case k.Type == Oct || k.Type == OctHSM:
		return Bad("key_props.kty %s cannot be used for a certificate.", k.Type)
	case !k.Type.IsRSA() && !k.Type.IsEC():
		return Bad("key_props.kty '%s' is not a key type; use RSA, RSA-HSM, EC or EC-HSM.", shorten(string(k.Type)))
	case k.Type.HSM() && !s.Premium && !s.HSM:
		return NoHSM(k.Type)
	case k.Type.HSM() && k.Exportable:
		return Bad("key_props.exportable must be false with key_props.kty %s.", k.Type)
	case k.Type.IsRSA() && k.Curve != "":
		return Bad("key_props.crv goes with an EC key only.")
	case k.Type.IsRSA() && k.Size != 2048 && k.Size != 3072 && k.Size != 4096:
		return BadKeySize(k.Size, 2048, 3072, 4096)
	case k.Type.IsEC() && k.Curve == "":
		return BadKeySize(k.Size, 256, 384, 521)
	case k.Type.IsEC() && k.Curve.Size() == 0:
		return Bad("key_props.crv '%s' is not a curve; use P-256, P-256K, P-384 or P-521.", shorten(string(k.Curve)))
	case k.Type.IsEC() && k.Size != k.Curve.Size():
		return BadKeySize(k.Size, k.Curve.Size())
	}
	return nil
}

func (s SecretProps) check() error {
	if s.ContentType != PKCS12 && s.ContentType != PEM {
		return Bad("secret_props.contentType '%s' is not supported; use %s or %s.", shorten(s.ContentType), PKCS12, PEM)
	}
	return nil
}

func (x X509Props) check() error {
	switch {
	case x.Subject == "" && x.SANs.Empty():
		return NoSubject()
	case x.ValidityMonths < 1 || x.ValidityMonths > maxValidity:
		return Bad("x509_props.validity_months must be 1 to %d.", maxValidity)
	}
	for _, u := range x.Usage {
		if !slices.Contains(Usages, u) {
			return Bad("x509_props.key_usage '%s' is not a key usage.", shorten(string(u)))
		}
	}
	if len(x.EKUs) > maxEKUs {
		return Bad("x509_props.ekus has more than %d entries.", maxEKUs)
	}
	for _, e := range x.EKUs {
		if !isOID(e) {
			return Bad("x509_props.ekus '%s' is not an object identifier.", shorten(e))
		}
	}
	return x.SANs.check()
}

func (s *SANs) check() error {
	if s == nil {
		return nil
	}
	lists := []struct {
		field string
		names []string
		ok    func(string) bool
	}{
		{"dns_names", s.DNS, IsDNSName}, {"emails", s.Emails, isEmail}, {"upns", s.UPNs, isUPN},
		{"uris", s.URIs, isURI}, {"ipAddresses", s.IPs, IsIP},
	}
	for _, l := range lists {
		if len(l.names) > maxNames {
			return Bad("x509_props.sans.%s has more than %d names.", l.field, maxNames)
		}
		for _, n := range l.names {
			if !l.ok(n) {
				return Bad("x509_props.sans.%s '%s' is not valid.", l.field, shorten(n))
			}
		}
	}
	return nil
}

func checkLifetime(actions []LifetimeAction, months int, issuer string) error {
	if len(actions) > 1 {
		return OneAction()
	}
	for _, a := range actions {
		t := a.Trigger
		switch {
		case a.Action != AutoRenew && a.Action != EmailContacts:
			return Bad("lifetime_actions.action.action_type '%s' is not an action; use AutoRenew or EmailContacts.", shorten(a.Action))
		case (t.LifetimePercentage != 0) == (t.DaysBeforeExpiry != 0):
			return Bad("lifetime_actions.trigger needs exactly one of lifetime_percentage and days_before_expiry.")
		case t.LifetimePercentage < 0 || t.LifetimePercentage > 99:
			return Bad("lifetime_actions.trigger.lifetime_percentage must be 1 to 99.")
		case t.DaysBeforeExpiry < 0 || t.DaysBeforeExpiry > months*27:
			return Bad("lifetime_actions.trigger.days_before_expiry must be 1 to %d, 27 days for each month of validity.", months*27)
		case a.Action == AutoRenew && strings.EqualFold(issuer, UnknownIssuer):
			return Bad("lifetime_actions.action.action_type AutoRenew needs an issuer; with issuer Unknown use EmailContacts.")
		}
	}
	return nil
}

func (i IssuerParams) check() error {
	if i.Name == "" {
		return Bad("issuer.name is empty.")
	}
	if len(i.Name) > 127 || len(i.CertType) > 127 {
		return Bad("issuer.name or issuer.cty is longer than 127 characters.")
	}
	return nil
}

func (p *PlatformManaged) check() error {
	if p != nil && p.CertificateUsage == "" {
		return Bad("platformManaged.certificateUsage is missing.")
	}
	return nil
}

func isOID(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) < 2 || len(s) > 128 {
		return false
	}
	for i, p := range parts {
		if p == "" || len(p) > 9 || strings.Trim(p, "0123456789") != "" || len(p) > 1 && p[0] == '0' {
			return false
		}
		if i == 0 && p != "0" && p != "1" && p != "2" {
			return false
		}
	}
	return parts[0] == "2" || len(parts[1]) == 1 || len(parts[1]) == 2 && parts[1] < "40"
}

// IsDNSName takes host names, internationalised ones as A-labels, with a
// wildcard as the first label and underscores, which private names use.
func IsDNSName(s string) bool {
	s = strings.TrimPrefix(s, "*.")
	if s == "" || len(s) > 253 {
		return false
	}
	for l := range strings.SplitSeq(s, ".") {
		if !plainName(strings.ReplaceAll(l, "_", "x"), 63) || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
	}
	return true
}

func isEmail(s string) bool {
	local, host, ok := strings.Cut(s, "@")
	return ok && local != "" && len(s) <= 254 && visibleASCII(s) && IsDNSName(host) && host[0] != '*'
}

func isUPN(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return at > 0 && at < len(s)-1 && len(s) <= 254 && s == shorten(s)
}

func isURI(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.IsAbs() && len(s) <= 2048 && visibleASCII(s)
}

// IsIP takes IP addresses without a zone.
func IsIP(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Zone() == ""
}

func visibleASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

// CheckImport refuses what a caller chose in the policy of an import, and RSA
// keys that are weaker than those that are made. What else the certificate
// itself decided is not judged: it exists already.
func (p Policy) CheckImport() error {
	if p.Key.Type.IsRSA() && p.Key.Size < 2048 {
		return BadKeySize(p.Key.Size, 2048, 3072, 4096)
	}
	if err := p.Secret.check(); err != nil {
		return err
	}
	if p.Key.Type.HSM() && p.Key.Exportable {
		return Bad("key_props.exportable must be false with key_props.kty %s.", p.Key.Type)
	}
	if err := checkLifetime(p.Lifetime, max(p.X509.ValidityMonths, 1), p.Issuer.Name); err != nil {
		return err
	}
	if err := p.Issuer.check(); err != nil {
		return err
	}
	return p.Platform.check()
}
