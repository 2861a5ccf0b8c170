package policy

import (
	"slices"
	"strings"
	"time"

	"certwright/internal/vault"
)

// A Patch carries the parts of a policy that a caller sent; nil means
// not sent. A create applies it to nothing, a PATCH to the stored policy.
type Patch struct {
	Key      *KeyPatch
	Secret   *SecretPatch
	X509     *X509Patch
	Lifetime *[]vault.LifetimeAction
	Issuer   *IssuerPatch
	Platform *vault.PlatformManaged
	Enabled  *bool
}

// KeyPatch holds the members of key_props that were sent.
type KeyPatch struct {
	Type       *vault.KeyType
	Curve      *vault.Curve
	Size       *int
	Exportable *bool
	Reuse      *bool
}

// SecretPatch holds the members of secret_props that were sent.
type SecretPatch struct{ ContentType *string }

// X509Patch holds the members of x509_props that were sent.
type X509Patch struct {
	Subject        *string
	SANs           *vault.SANs // replaced whole
	EKUs           *[]string
	Usage          *[]vault.KeyUsage
	ValidityMonths *int
	CA             *bool

	// KeepNewSANs keeps the stored URIs and IPs: the caller's api-version does
	// not know them, so its PATCH must not erase them (docs/contract/certificates.md).
	KeepNewSANs bool
}

// IssuerPatch holds the members of issuer that were sent.
type IssuerPatch struct {
	Name         *string
	CertType     *string
	Transparency *bool
}

// New returns the policy of a create that sent patch: what it names, and
// the service's defaults for the rest (docs/contract/certificates.md).
func New(patch Patch, now time.Time) vault.Policy {
	patch = patch.Spelled()
	p := vault.Policy{Key: vault.KeyProps{Type: vault.RSA, Exportable: true}, Secret: vault.SecretProps{ContentType: vault.PKCS12},
		X509: vault.X509Props{ValidityMonths: 12}, Issuer: vault.IssuerParams{Name: vault.UnknownIssuer}, Enabled: true, Created: now}
	if patch.Key == nil || patch.Key.Exportable == nil {
		p.Key.Exportable = !(patch.Key != nil && patch.Key.Type != nil && patch.Key.Type.HSM())
	}
	p = Apply(p, patch, now)
	if patch.X509 == nil || patch.X509.EKUs == nil {
		p.X509.EKUs = []string{"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"}
	}
	if patch.X509 == nil || patch.X509.Usage == nil {
		p.X509.Usage = DefaultUsage(p.Key.Type)
	}
	if patch.Lifetime == nil {
		p.Lifetime = DefaultLifetime(p.Issuer.Name)
	}
	return p
}

// DefaultUsage returns the key usage of a create that names none. EC gets no
// keyEncipherment, because EC keys cannot wrap (docs/contract/certificates.md).
func DefaultUsage(t vault.KeyType) []vault.KeyUsage {
	if t.IsEC() {
		return []vault.KeyUsage{vault.DigitalSignature}
	}
	return []vault.KeyUsage{vault.DigitalSignature, vault.KeyEncipherment}
}

// DefaultLifetime returns the one lifetime action of a policy that names none:
// at 80 % of the lifetime, renewal where the issuer can renew, else mail.
func DefaultLifetime(issuer string) []vault.LifetimeAction {
	action := vault.AutoRenew
	if strings.EqualFold(issuer, vault.UnknownIssuer) {
		action = vault.EmailContacts
	}
	return []vault.LifetimeAction{{Trigger: vault.Trigger{LifetimePercentage: 80}, Action: action}}
}

// Apply returns the policy with the sent members replaced, member by member;
// lists and sans are replaced whole, and size and curve are reset when the key
// type changes (docs/contract/certificates.md).
func Apply(p vault.Policy, patch Patch, now time.Time) vault.Policy {
	patch = patch.Spelled()
	p.Key = applyKey(p.Key, patch.Key)
	p.X509 = applyX509(p.X509, patch.X509)
	if patch.Secret != nil {
		set(&p.Secret.ContentType, patch.Secret.ContentType)
	}
	if i := patch.Issuer; i != nil {
		set(&p.Issuer.Name, i.Name)
		set(&p.Issuer.CertType, i.CertType)
		if i.Transparency != nil {
			p.Issuer.Transparency = i.Transparency
		}
	}
	if patch.Lifetime != nil {
		p.Lifetime = slices.Clone(*patch.Lifetime)
	}
	if patch.Platform != nil {
		p.Platform = patch.Platform
	}
	set(&p.Enabled, patch.Enabled)
	p.Updated = now
	return p
}

func applyKey(k vault.KeyProps, patch *KeyPatch) vault.KeyProps {
	if patch == nil {
		patch = &KeyPatch{}
	}
	if patch.Type != nil && family(*patch.Type) != family(k.Type) {
		k.Curve, k.Size = "", 0
	}
	set(&k.Type, patch.Type)
	if patch.Curve != nil {
		k.Curve, k.Size = *patch.Curve, 0
	}
	if patch.Size != nil {
		if k.Type.IsEC() && patch.Curve == nil && *patch.Size != k.Curve.Size() {
			k.Curve = curveOfSize(*patch.Size)
		}
		k.Size = *patch.Size
	}
	set(&k.Exportable, patch.Exportable)
	set(&k.Reuse, patch.Reuse)
	return filled(k)
}

// filled completes size and curve from one another, or by the defaults.
func filled(k vault.KeyProps) vault.KeyProps {
	if k.Type.IsRSA() && k.Size == 0 {
		k.Size = 2048
	}
	if k.Type.IsEC() && k.Curve == "" && k.Size == 0 {
		k.Curve = vault.P256
	}
	if k.Type.IsEC() && k.Size == 0 {
		k.Size = k.Curve.Size()
	}
	return k
}

func family(t vault.KeyType) string {
	switch {
	case t.IsRSA():
		return "RSA"
	case t.IsEC():
		return "EC"
	}
	return string(t)
}

func curveOfSize(bits int) vault.Curve {
	switch bits {
	case 256:
		return vault.P256
	case 384:
		return vault.P384
	case 521:
		return vault.P521
	}
	return ""
}

func applyX509(x vault.X509Props, patch *X509Patch) vault.X509Props {
	if patch == nil {
		return x
	}
	set(&x.Subject, patch.Subject)
	if patch.SANs != nil {
		next := *patch.SANs
		if patch.KeepNewSANs && x.SANs != nil {
			next.URIs, next.IPs, next.Later = x.SANs.URIs, x.SANs.IPs, x.SANs.Later
		}
		x.SANs = &next
	}
	if patch.EKUs != nil {
		x.EKUs = slices.Clone(*patch.EKUs)
	}
	if patch.Usage != nil {
		x.Usage = sortedUsage(*patch.Usage)
	}
	set(&x.ValidityMonths, patch.ValidityMonths)
	set(&x.CA, patch.CA)
	return x
}

// sortedUsage returns the usages in alphabetical order without repeats, as the
// service gives them back (docs/contract/certificates.md).
func sortedUsage(u []vault.KeyUsage) []vault.KeyUsage {
	u = slices.Clone(u)
	slices.SortFunc(u, func(a, b vault.KeyUsage) int {
		return strings.Compare(strings.ToLower(string(a)), strings.ToLower(string(b)))
	})
	return slices.Compact(u)
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}
