package policy

import (
	"slices"
	"strings"

	"certwright/internal/vault"
)

// What the members of a policy may be, spelled as published.
var (
	keyTypes     = []vault.KeyType{vault.RSA, vault.RSAHSM, vault.EC, vault.ECHSM, vault.Oct, vault.OctHSM}
	curves       = []vault.Curve{vault.P256, vault.P384, vault.P521, vault.P256K, vault.Koblitz}
	actions      = []string{vault.AutoRenew, vault.EmailContacts}
	contentTypes = []string{vault.PKCS12, vault.PEM}
)

// SpelledType returns the content type of a certificate's secret as published;
// media types compare without case.
func SpelledType(t string) string { return spelled(t, contentTypes) }

// Spelled returns the patch with the values of enumerations spelled as
// published: the service compares them without case, and .NET's client writes
// crlSign. What is no value stays as it is, to be refused by its own name.
func (p Patch) Spelled() Patch {
	if k := p.Key; k != nil {
		next := *k
		next.Type, next.Curve = spelledAt(k.Type, keyTypes), spelledAt(k.Curve, curves)
		if next.Curve != nil {
			*next.Curve = next.Curve.Plain()
		}
		p.Key = &next
	}
	if p.Secret != nil {
		p.Secret = &SecretPatch{ContentType: spelledAt(p.Secret.ContentType, contentTypes)}
	}
	if x := p.X509; x != nil && x.Usage != nil {
		next, usage := *x, slices.Clone(*x.Usage)
		for i, u := range usage {
			usage[i] = spelled(u, vault.Usages)
		}
		next.Usage, p.X509 = &usage, &next
	}
	if p.Lifetime != nil {
		list := slices.Clone(*p.Lifetime)
		for i, a := range list {
			list[i].Action = spelled(a.Action, actions)
		}
		p.Lifetime = &list
	}
	return p
}

func spelledAt[T ~string](v *T, published []T) *T {
	if v == nil {
		return nil
	}
	as := spelled(*v, published)
	return &as
}

func spelled[T ~string](v T, published []T) T {
	for _, p := range published {
		if strings.EqualFold(string(v), string(p)) {
			return p
		}
	}
	return v
}
