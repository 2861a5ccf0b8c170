package vault

import (
	"fmt"
	"slices"
	"time"
)

// KeyType is a JSON web key type (docs/contract/certificates.md, JsonWebKeyType).
type KeyType string

// The key types of the API. The oct types are no use for X.509.
const (
	RSA    KeyType = "RSA"
	RSAHSM KeyType = "RSA-HSM"
	EC     KeyType = "EC"
	ECHSM  KeyType = "EC-HSM"
	Oct    KeyType = "oct"
	OctHSM KeyType = "oct-HSM"
)

// HSM reports whether keys of the type live in hardware on the real service.
func (t KeyType) HSM() bool { return t == RSAHSM || t == ECHSM || t == OctHSM }

// IsRSA reports whether the type is RSA or RSA-HSM.
func (t KeyType) IsRSA() bool { return t == RSA || t == RSAHSM }

// IsEC reports whether the type is EC or EC-HSM.
func (t KeyType) IsEC() bool { return t == EC || t == ECHSM }

// Curve is an elliptic curve's JSON web key name.
type Curve string

// The curves of the API.
const (
	P256  Curve = "P-256"
	P384  Curve = "P-384"
	P521  Curve = "P-521"
	P256K Curve = "P-256K" // secp256k1
)

// Size returns the curve's field size in bits, which the wire shows as key_size; 0 for an unknown curve.
func (c Curve) Size() int {
	switch c {
	case P256, P256K:
		return 256
	case P384:
		return 384
	case P521:
		return 521
	}
	return 0
}

// The content types a certificate's secret may have.
const (
	PKCS12 = "application/x-pkcs12"
	PEM    = "application/x-pem-file"
)

// Renews reports whether versions by the policy are renewed by themselves.
func (p Policy) Renews() bool {
	return slices.ContainsFunc(p.Lifetime, func(a LifetimeAction) bool { return a.Action == AutoRenew })
}

// KeyUsage is one bit of the X.509 key usage extension, spelled as on the wire.
type KeyUsage string

// The key usages of the API.
const (
	DigitalSignature KeyUsage = "digitalSignature"
	NonRepudiation   KeyUsage = "nonRepudiation"
	KeyEncipherment  KeyUsage = "keyEncipherment"
	DataEncipherment KeyUsage = "dataEncipherment"
	KeyAgreement     KeyUsage = "keyAgreement"
	KeyCertSign      KeyUsage = "keyCertSign"
	CRLSign          KeyUsage = "cRLSign"
	EncipherOnly     KeyUsage = "encipherOnly"
	DecipherOnly     KeyUsage = "decipherOnly"
)

// Usages lists every key usage in the order of its bit in RFC 5280 section 4.2.1.3.
var Usages = []KeyUsage{DigitalSignature, NonRepudiation, KeyEncipherment, DataEncipherment, KeyAgreement,
	KeyCertSign, CRLSign, EncipherOnly, DecipherOnly}

// The issuer names with a meaning of their own, compared without case.
const (
	SelfIssuer    = "Self"
	UnknownIssuer = "Unknown"
)

// The lifetime actions of the API (a closed enumeration).
const (
	AutoRenew     = "AutoRenew"
	EmailContacts = "EmailContacts"
)

// A Policy says how the next version of a certificate is made and looked after.
// There is one per certificate name; it is not versioned.
type Policy struct {
	Key              KeyProps
	Secret           SecretProps
	X509             X509Props
	Lifetime         []LifetimeAction
	Issuer           IssuerParams
	Platform         *PlatformManaged // since api-version 2026-04-01
	Enabled          bool
	Created, Updated time.Time
	Later            Later `json:"-"`
}

// KeyProps describe the key pair behind a certificate.
type KeyProps struct {
	Type       KeyType
	Curve      Curve // EC only
	Size       int   // bits; for EC the curve's
	Exportable bool
	Reuse      bool // renewals keep the key pair
}

// SecretProps describe the secret behind a certificate.
type SecretProps struct{ ContentType string }

// X509Props describe the certificate itself.
type X509Props struct {
	Subject        string // kept as typed
	SANs           *SANs  // nil: never given
	EKUs           []string
	Usage          []KeyUsage
	ValidityMonths int
	CA             bool // basic_constraints.ca, which the service always shows (docs/contract/certificates.md)
}

// SANs are the subject alternative names. A nil list was not given, an empty
// one was given empty; the wire keeps them apart.
type SANs struct {
	DNS, Emails, UPNs []string
	URIs, IPs         []string // since api-version 2025-07-01
	Later             Later    `json:"-"`
}

// Empty reports whether there is no name at all.
func (s *SANs) Empty() bool {
	return s == nil || len(s.DNS)+len(s.Emails)+len(s.UPNs)+len(s.URIs)+len(s.IPs) == 0
}

// A LifetimeAction is done when its trigger fires.
type LifetimeAction struct {
	Trigger Trigger
	Action  string // AutoRenew or EmailContacts
	Later   Later  `json:"-"`
}

// A Trigger fires once for a version; exactly one member is set.
type Trigger struct {
	LifetimePercentage int // 1..99
	DaysBeforeExpiry   int // 1..validity_months*27
}

// String is the trigger as it stands in a policy.
func (t Trigger) String() string {
	if t.DaysBeforeExpiry > 0 {
		return fmt.Sprintf("days_before_expiry %d", t.DaysBeforeExpiry)
	}
	return fmt.Sprintf("lifetime_percentage %d", t.LifetimePercentage)
}

// IssuerParams name the issuer of a policy.
type IssuerParams struct {
	Name         string // as typed; Self and Unknown are reserved
	CertType     string // cty, such as "OV-SSL"; "" when not given
	Transparency *bool  // cert_transparency, only if given
}

// PlatformManaged is the policy member of api-version 2026-04-01 that the
// specification keeps for internal use; it is stored and given back.
type PlatformManaged struct {
	CertificateUsage string
	Metadata         []byte // a JSON object as received; nil when not given
	Later            Later  `json:"-"`
}
