package api

import (
	"encoding/json"
	"slices"

	"certwright/internal/policy"
	"certwright/internal/service"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// policyJSON is a policy as answers show it, in the recorded order of members
// (docs/contract/certificates.md).
type policyJSON struct {
	ID         string           `json:"id"`
	Key        keyPropsJSON     `json:"key_props"`
	Secret     secretPropsJSON  `json:"secret_props"`
	X509       x509JSON         `json:"x509_props"`
	Lifetime   []lifetimeJSON   `json:"lifetime_actions"`
	Issuer     issuerParamsJSON `json:"issuer"`
	Attributes policyAttributes `json:"attributes"`
	Platform   *platformJSON    `json:"platformManaged,omitempty"`
}

type keyPropsJSON struct {
	Exportable bool          `json:"exportable"`
	Type       vault.KeyType `json:"kty"`
	Size       int           `json:"key_size"`
	Reuse      bool          `json:"reuse_key"`
	Curve      vault.Curve   `json:"crv,omitempty"` // EC only, beside key_size
}

type secretPropsJSON struct {
	ContentType string `json:"contentType"`
}

type x509JSON struct {
	Subject        string           `json:"subject"`
	SANs           *sansJSON        `json:"sans,omitempty"` // {} where it was given empty
	EKUs           []string         `json:"ekus"`
	Usage          []vault.KeyUsage `json:"key_usage"`
	ValidityMonths int              `json:"validity_months"`
	Constraints    constraintsJSON  `json:"basic_constraints"` // always there, though no specification has it
}

// sansJSON are subject alternative names both ways. A list that was not given
// is left out; one that was given empty stays empty.
type sansJSON struct {
	Emails []string `json:"emails,omitzero"`
	DNS    []string `json:"dns_names,omitzero"`
	UPNs   []string `json:"upns,omitzero"`
	URIs   []string `json:"uris,omitzero"`
	IPs    []string `json:"ipAddresses,omitzero"`
}

type constraintsJSON struct {
	CA bool `json:"ca"`
}

type lifetimeJSON struct {
	Trigger triggerJSON `json:"trigger"`
	Action  actionJSON  `json:"action"`
}

type triggerJSON struct {
	LifetimePercentage int `json:"lifetime_percentage,omitempty"`
	DaysBeforeExpiry   int `json:"days_before_expiry,omitempty"`
}

type actionJSON struct {
	Type string `json:"action_type"`
}

type issuerParamsJSON struct {
	Name         string `json:"name"`
	Transparency *bool  `json:"cert_transparency,omitempty"` // only if it was sent
	CertType     string `json:"cty,omitempty"`
}

type policyAttributes struct {
	Enabled bool         `json:"enabled"`
	Created wire.Seconds `json:"created,omitzero"`
	Updated wire.Seconds `json:"updated,omitzero"`
}

type platformJSON struct {
	CertificateUsage string    `json:"certificateUsage"`
	Metadata         rawObject `json:"metadata,omitempty"`
}

// A rawObject is a JSON object kept as it was sent.
type rawObject []byte

// UnmarshalJSON refuses what is not an object.
func (o *rawObject) UnmarshalJSON(b []byte) error {
	switch {
	case string(b) == "null":
	case b[0] != '{':
		return vault.Bad("platformManaged.metadata must be an object.")
	default:
		*o = slices.Clone(b)
	}
	return nil
}

// MarshalJSON gives the object back.
func (o rawObject) MarshalJSON() ([]byte, error) { return o, nil }

// policy encodes the policy of the certificate ref. Members that the client's
// version does not know are hidden from it.
func (v view) policy(ref vault.Ref, p vault.Policy) *policyJSON {
	out := &policyJSON{
		ID: v.base.policy(ref),
		Key: keyPropsJSON{Exportable: p.Key.Exportable, Type: p.Key.Type, Size: p.Key.Size,
			Reuse: p.Key.Reuse, Curve: p.Key.Curve},
		Secret: secretPropsJSON{p.Secret.ContentType},
		X509: x509JSON{Subject: p.X509.Subject, SANs: v.sans(p.X509.SANs), EKUs: array(p.X509.EKUs), Usage: array(p.X509.Usage),
			ValidityMonths: p.X509.ValidityMonths, Constraints: constraintsJSON{p.X509.CA}},
		Lifetime:   []lifetimeJSON{},
		Issuer:     issuerParamsJSON{Name: p.Issuer.Name, Transparency: p.Issuer.Transparency, CertType: p.Issuer.CertType},
		Attributes: policyAttributes{p.Enabled, wire.Seconds(p.Created), wire.Seconds(p.Updated)},
	}
	for _, a := range p.Lifetime {
		out.Lifetime = append(out.Lifetime, lifetimeJSON{triggerJSON(a.Trigger), actionJSON{a.Action}})
	}
	if p.Platform != nil && v.version.Has(wire.PlatformManaged) {
		out.Platform = &platformJSON{p.Platform.CertificateUsage, p.Platform.Metadata}
	}
	return out
}

func (v view) sans(s *vault.SANs) *sansJSON {
	if s == nil {
		return nil
	}
	out := &sansJSON{Emails: s.Emails, DNS: s.DNS, UPNs: s.UPNs}
	if v.version.Has(wire.NewSANs) {
		out.URIs, out.IPs = s.URIs, s.IPs
	}
	return out
}

// array makes an array of what might be nil.
func array[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

// policyIn is a policy as requests send it: what is absent or null was not sent.
type policyIn struct {
	Key      *keyPropsIn     `json:"key_props"`
	Secret   *secretPropsIn  `json:"secret_props"`
	X509     *x509In         `json:"x509_props"`
	Lifetime *[]lifetimeJSON `json:"lifetime_actions"`
	Issuer   *issuerParamsIn `json:"issuer"`
	Attrs    *attributesIn   `json:"attributes"`
	Platform *platformJSON   `json:"platformManaged"`
}

type keyPropsIn struct {
	Type       *vault.KeyType `json:"kty"`
	Curve      *vault.Curve   `json:"crv"`
	Size       *int           `json:"key_size"`
	Exportable *bool          `json:"exportable"`
	Reuse      *bool          `json:"reuse_key"`
}

type secretPropsIn struct {
	ContentType *string `json:"contentType"`
}

type x509In struct {
	Subject        *string           `json:"subject"`
	SANs           *sansJSON         `json:"sans"`
	EKUs           *[]string         `json:"ekus"`
	Usage          *[]vault.KeyUsage `json:"key_usage"`
	ValidityMonths *int              `json:"validity_months"`
	Constraints    *constraintsIn    `json:"basic_constraints"`
}

type constraintsIn struct {
	CA *bool `json:"ca"`
}

type issuerParamsIn struct {
	Name         *string `json:"name"`
	CertType     *string `json:"cty"`
	Transparency *bool   `json:"cert_transparency"`
}

// patch returns what was sent. Members that the client's version does not know
// count as not sent, so that it cannot erase them either.
func (p *policyIn) patch(v wire.Version) *policy.Patch {
	if p == nil {
		return nil
	}
	out := &policy.Patch{Key: (*policy.KeyPatch)(p.Key), Secret: (*policy.SecretPatch)(p.Secret), X509: p.X509.patch(v),
		Issuer: (*policy.IssuerPatch)(p.Issuer), Enabled: p.Attrs.enabled()}
	if p.Lifetime != nil {
		actions := make([]vault.LifetimeAction, len(*p.Lifetime))
		for i, a := range *p.Lifetime {
			actions[i] = vault.LifetimeAction{Trigger: vault.Trigger(a.Trigger), Action: a.Action.Type}
		}
		out.Lifetime = &actions
	}
	if p.Platform != nil && v.Has(wire.PlatformManaged) {
		out.Platform = &vault.PlatformManaged{CertificateUsage: p.Platform.CertificateUsage, Metadata: p.Platform.Metadata}
	}
	return out
}

func (x *x509In) patch(v wire.Version) *policy.X509Patch {
	if x == nil {
		return nil
	}
	out := &policy.X509Patch{Subject: x.Subject, EKUs: x.EKUs, Usage: x.Usage, ValidityMonths: x.ValidityMonths,
		KeepNewSANs: !v.Has(wire.NewSANs)}
	if x.Constraints != nil {
		out.CA = x.Constraints.CA
	}
	if s := x.SANs; s != nil {
		out.SANs = &vault.SANs{DNS: s.DNS, Emails: s.Emails, UPNs: s.UPNs}
		if v.Has(wire.NewSANs) {
			out.SANs.URIs, out.SANs.IPs = s.URIs, s.IPs
		}
	}
	return out
}

// ownPolicy encodes the policy of the certificate of the path.
func (c *call) ownPolicy(p vault.Policy) *policyJSON {
	return c.view().policy(c.ref(vault.Certificates), p)
}

func getPolicy(s *service.Service, c *call) (answer, error) {
	ref := c.ref(vault.Certificates)
	key := c.key(ref, ownPolicy, "")
	key.spelled = ref.Name // in id
	return c.kept(s, ref, key, func() (answer, bool, error) {
		p, err := s.Certificates.GetPolicy(c.ctx, c.who, ref)
		return answer{body: c.ownPolicy(p)}, true, err
	})
}

func updatePolicy(s *service.Service, c *call) (answer, error) {
	var in policyIn
	if err := c.decode(&in, policyJSON{}); err != nil {
		return answer{}, err
	}
	return shown(c.ownPolicy)(s.Certificates.UpdatePolicy(c.ctx, c.who, c.ref(vault.Certificates), *in.patch(c.version)))
}

// newest is the api-version that knows all there is.
func newest() wire.Version {
	v, err := wire.ParseVersion("2026-04-01")
	if err != nil {
		panic(err) // it is written in this line
	}
	return v
}

// PolicyText is the policy of a certificate of the vault at url as the newest
// api-version shows it.
func PolicyText(url string, ref vault.Ref, p vault.Policy) ([]byte, error) {
	return json.Marshal(view{base(url), newest()}.policy(ref, p))
}

// ReadPolicy reads what the newest api-version may send of a policy.
func ReadPolicy(text []byte) (policy.Patch, error) {
	var in policyIn
	if err := wire.Decode(text, &in); err != nil {
		return policy.Patch{}, err
	}
	return *in.patch(newest()), nil
}
