package policy

import (
	"net/url"
	"slices"
	"strings"

	"certwright/internal/vault"
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
func Check(p, before vault.Policy, s vault.Settings) error {
	if len(p.X509.Subject) > MaxSubject && p.X509.Subject != before.X509.Subject {
		return vault.Bad("x509_props.subject is longer than %d characters.", MaxSubject)
	}
	for _, check := range []func() error{
		func() error { return CheckKey(p.Key, s) },
		func() error { return checkSecret(p.Secret) },
		func() error { return checkX509(p.X509) },
		func() error { return checkLifetime(p.Lifetime, p.X509.ValidityMonths, p.Issuer.Name) },
		func() error { return checkIssuer(p.Issuer) },
		func() error { return checkPlatform(p.Platform) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// SameCertificate reports whether the next version is made as it was before;
// clients send the whole policy back where they change one member of it.
func SameCertificate(p, before vault.Policy) bool {
	a, b := p.X509, before.X509
	return p.Key == before.Key && a.Subject == b.Subject && sameNames(a.SANs, b.SANs) && slices.Equal(a.EKUs, b.EKUs) &&
		slices.Equal(a.Usage, b.Usage) && a.ValidityMonths == b.ValidityMonths && a.CA == b.CA
}

func sameNames(s, as *vault.SANs) bool {
	if s == nil || as == nil {
		return s == as
	}
	return slices.Equal(s.DNS, as.DNS) && slices.Equal(s.Emails, as.Emails) && slices.Equal(s.UPNs, as.UPNs) &&
		slices.Equal(s.URIs, as.URIs) && slices.Equal(s.IPs, as.IPs)
}

// CheckKey refuses a type, size or curve that no key pair can be made of, for
// certificates and plain keys alike.
func CheckKey(k vault.KeyProps, s vault.Settings) error {
	switch {
	case k.Type == vault.Oct || k.Type == vault.OctHSM:
		return vault.Bad("key_props.kty %s cannot be used for a certificate.", k.Type)
	case !k.Type.IsRSA() && !k.Type.IsEC():
		return vault.Bad("key_props.kty '%s' is not a key type; use RSA, RSA-HSM, EC or EC-HSM.", vault.Shorten(string(k.Type)))
	case k.Type.HSM() && !s.Premium && !s.HSM:
		return vault.NoHSM(k.Type)
	case k.Type.HSM() && k.Exportable:
		return vault.Bad("key_props.exportable must be false with key_props.kty %s.", k.Type)
	case k.Type.IsRSA() && k.Curve != "":
		return vault.Bad("key_props.crv goes with an EC key only.")
	case k.Type.IsRSA() && k.Size != 2048 && k.Size != 3072 && k.Size != 4096:
		return vault.BadKeySize(k.Size, 2048, 3072, 4096)
	case k.Type.IsEC() && k.Curve == "":
		return vault.BadKeySize(k.Size, 256, 384, 521)
	case k.Type.IsEC() && k.Curve.Size() == 0:
		return vault.Bad("key_props.crv '%s' is not a curve; use P-256, P-256K, P-384 or P-521.", vault.Shorten(string(k.Curve)))
	case k.Type.IsEC() && k.Size != k.Curve.Size():
		return vault.BadKeySize(k.Size, k.Curve.Size())
	}
	return nil
}

func checkSecret(s vault.SecretProps) error {
	if s.ContentType != vault.PKCS12 && s.ContentType != vault.PEM {
		return vault.Bad("secret_props.contentType '%s' is not supported; use %s or %s.", vault.Shorten(s.ContentType), vault.PKCS12, vault.PEM)
	}
	return nil
}

func checkX509(x vault.X509Props) error {
	switch {
	case x.Subject == "" && x.SANs.Empty():
		return vault.NoSubject()
	case x.ValidityMonths < 1 || x.ValidityMonths > maxValidity:
		return vault.Bad("x509_props.validity_months must be 1 to %d.", maxValidity)
	}
	for _, u := range x.Usage {
		if !slices.Contains(vault.Usages, u) {
			return vault.Bad("x509_props.key_usage '%s' is not a key usage.", vault.Shorten(string(u)))
		}
	}
	if len(x.EKUs) > maxEKUs {
		return vault.Bad("x509_props.ekus has more than %d entries.", maxEKUs)
	}
	for _, e := range x.EKUs {
		if !isOID(e) {
			return vault.Bad("x509_props.ekus '%s' is not an object identifier.", vault.Shorten(e))
		}
	}
	return checkNames(x.SANs)
}

func checkNames(s *vault.SANs) error {
	if s == nil {
		return nil
	}
	lists := []struct {
		field string
		names []string
		ok    func(string) bool
	}{
		{"dns_names", s.DNS, vault.IsDNSName}, {"emails", s.Emails, isEmail}, {"upns", s.UPNs, isUPN},
		{"uris", s.URIs, isURI}, {"ipAddresses", s.IPs, vault.IsIP},
	}
	for _, l := range lists {
		if len(l.names) > maxNames {
			return vault.Bad("x509_props.sans.%s has more than %d names.", l.field, maxNames)
		}
		for _, n := range l.names {
			if !l.ok(n) {
				return vault.Bad("x509_props.sans.%s '%s' is not valid.", l.field, vault.Shorten(n))
			}
		}
	}
	return nil
}

func checkLifetime(actions []vault.LifetimeAction, months int, issuer string) error {
	if len(actions) > 1 {
		return vault.OneAction()
	}
	for _, a := range actions {
		t := a.Trigger
		switch {
		case a.Action != vault.AutoRenew && a.Action != vault.EmailContacts:
			return vault.Bad("lifetime_actions.action.action_type '%s' is not an action; use AutoRenew or EmailContacts.", vault.Shorten(a.Action))
		case (t.LifetimePercentage != 0) == (t.DaysBeforeExpiry != 0):
			return vault.Bad("lifetime_actions.trigger needs exactly one of lifetime_percentage and days_before_expiry.")
		case t.LifetimePercentage < 0 || t.LifetimePercentage > 99:
			return vault.Bad("lifetime_actions.trigger.lifetime_percentage must be 1 to 99.")
		case t.DaysBeforeExpiry < 0 || t.DaysBeforeExpiry > months*27:
			return vault.Bad("lifetime_actions.trigger.days_before_expiry must be 1 to %d, 27 days for each month of validity.", months*27)
		case a.Action == vault.AutoRenew && strings.EqualFold(issuer, vault.UnknownIssuer):
			return vault.Bad("lifetime_actions.action.action_type AutoRenew needs an issuer; with issuer Unknown use EmailContacts.")
		}
	}
	return nil
}

func checkIssuer(i vault.IssuerParams) error {
	if i.Name == "" {
		return vault.Bad("issuer.name is empty.")
	}
	if len(i.Name) > 127 || len(i.CertType) > 127 {
		return vault.Bad("issuer.name or issuer.cty is longer than 127 characters.")
	}
	return nil
}

func checkPlatform(p *vault.PlatformManaged) error {
	if p != nil && p.CertificateUsage == "" {
		return vault.Bad("platformManaged.certificateUsage is missing.")
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

func isEmail(s string) bool {
	local, host, ok := strings.Cut(s, "@")
	return ok && local != "" && len(s) <= 254 && visibleASCII(s) && vault.IsDNSName(host) && host[0] != '*'
}

func isUPN(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return at > 0 && at < len(s)-1 && len(s) <= 254 && s == vault.Shorten(s)
}

func isURI(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.IsAbs() && len(s) <= 2048 && visibleASCII(s)
}

func visibleASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

// CheckImport refuses what a caller chose in the policy of an import, and RSA
// keys that are weaker than those that are made. What else the certificate
// itself decided is not judged: it exists already.
func CheckImport(p vault.Policy) error {
	if p.Key.Type.IsRSA() && p.Key.Size < 2048 {
		return vault.BadKeySize(p.Key.Size, 2048, 3072, 4096)
	}
	if err := checkSecret(p.Secret); err != nil {
		return err
	}
	if p.Key.Type.HSM() && p.Key.Exportable {
		return vault.Bad("key_props.exportable must be false with key_props.kty %s.", p.Key.Type)
	}
	if err := checkLifetime(p.Lifetime, max(p.X509.ValidityMonths, 1), p.Issuer.Name); err != nil {
		return err
	}
	if err := checkIssuer(p.Issuer); err != nil {
		return err
	}
	return checkPlatform(p.Platform)
}
