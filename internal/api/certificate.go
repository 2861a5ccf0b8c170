package api

import (
	"encoding/base64"
	"fmt"
	"strings"

	"certwright/internal/certs"
	"certwright/internal/certs/dn"
	"certwright/internal/service"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// certificateJSON is a version of a certificate in the recorded order of
// members (docs/contract/certificates.md). kid, sid, x5t and cer are missing while the first
// version is not complete.
type certificateJSON struct {
	*deletionJSON
	ID            string            `json:"id"`
	KeyID         string            `json:"kid,omitempty"`
	SecretID      string            `json:"sid,omitempty"`
	Thumbprint    string            `json:"x5t,omitempty"`
	Leaf          string            `json:"cer,omitempty"`
	Attributes    attributesJSON    `json:"attributes"`
	Tags          map[string]string `json:"tags,omitzero"`
	Policy        *policyJSON       `json:"policy,omitempty"`
	PreserveOrder *bool             `json:"preserveCertOrder,omitempty"`
	Pending       *pendingJSON      `json:"pending,omitempty"`
	*leafJSON
}

type pendingJSON struct {
	ID string `json:"id"`
}

// leafJSON is what a GET of one version also shows, though no specification
// has it (docs/contract/certificates.md). sans are {} where the policy
// has empty ones, and left out where it has none.
type leafJSON struct {
	Subject string    `json:"subject"`
	Issuer  string    `json:"issuer"`
	SANs    *sansJSON `json:"sans,omitempty"`
	Serial  string    `json:"serialnumber"` // hex in upper case
}

// attributesJSON are the attributes of a version. The recovery members are
// missing in lists of certificates, recoverableDays before 7.1, exportable of
// what backs a certificate.
type attributesJSON struct {
	Enabled         bool         `json:"enabled"`
	NotBefore       wire.Seconds `json:"nbf,omitzero"`
	Expires         wire.Seconds `json:"exp,omitzero"`
	Created         wire.Seconds `json:"created,omitzero"`
	Updated         wire.Seconds `json:"updated,omitzero"`
	RecoveryLevel   string       `json:"recoveryLevel,omitempty"`
	RecoverableDays int          `json:"recoverableDays,omitempty"`
	Exportable      *bool        `json:"exportable,omitempty"`
	HSMPlatform     string       `json:"hsmPlatform,omitempty"`
}

// dates are the attributes without the vault's own.
func dates(a vault.Attributes) attributesJSON {
	return attributesJSON{Enabled: a.Enabled, NotBefore: wire.Seconds(a.NotBefore), Expires: wire.Seconds(a.Expires),
		Created: wire.Seconds(a.Created), Updated: wire.Seconds(a.Updated)}
}

// attributes are the attributes with what the vault does about deletion.
func (v view) attributes(a vault.Attributes, s vault.Settings) attributesJSON {
	out := dates(a)
	out.RecoveryLevel = s.RecoveryLevel()
	if v.version.Has(wire.RecoverableDays) {
		out.RecoverableDays = s.SoftDeleteDays
	}
	return out
}

func (v view) certificate(c service.Bundle) certificateJSON {
	ref, id := c.Version.Ref, c.Version.ID
	out := certificateJSON{deletionJSON: v.deletion(ref, c.Deletion), ID: v.base.at(ref, id), Attributes: v.attributes(c.Version.Attributes, c.Settings), Tags: c.Version.Tags}
	if body := c.Version.Certificate; body != nil {
		out.KeyID, out.SecretID = v.base.at(ref.As(vault.Keys), id), v.base.at(ref.As(vault.Secrets), id)
		out.Thumbprint = base64.RawURLEncoding.EncodeToString(body.Thumbprint)
		out.Leaf = base64.StdEncoding.EncodeToString(body.Leaf)
		if v.version.Has(wire.CertOrder) {
			out.PreserveOrder = &body.PreserveOrder
		}
	}
	if c.Policy != nil {
		out.Policy = v.policy(ref, *c.Policy)
	}
	if c.Pending {
		out.Pending = &pendingJSON{v.base.pending(ref)}
	}
	return out
}

// leaf reads what a GET of one version shows of the certificate itself.
func (v view) leaf(c service.Bundle) (*leafJSON, error) {
	body := c.Version.Certificate
	if body == nil {
		return nil, nil
	}
	x, err := certs.Parse(body.Leaf)
	if err != nil {
		return nil, fmt.Errorf("read the stored certificate: %w", err)
	}
	out := &leafJSON{Subject: x.Subject, Issuer: dn.Render(x.IssuerDER), Serial: fmt.Sprintf("%X", x.Serial)}
	if out.SANs = v.sans(x.Props().SANs); out.SANs == nil && c.NoSANs {
		out.SANs = &sansJSON{}
	}
	return out, nil
}

func updateCertificate(s *service.Service, c *call) (answer, error) {
	var in struct {
		Policy     *policyIn     `json:"policy"` // its shape is judged; only attributes and tags are updated (docs/contract/certificates.md)
		Attributes *attributesIn `json:"attributes"`
		Tags       wire.Tags     `json:"tags"`
	}
	if err := c.decode(&in, certificateJSON{}); err != nil {
		return answer{}, err
	}
	return c.bundleAnswer(s.Certificates.Update(c.ctx, c.who, c.ref(vault.Certificates), c.path.version,
		service.UpdateInput{Enabled: in.Attributes.enabled(), Tags: in.Tags}))
}

func importCertificate(s *service.Service, c *call) (answer, error) {
	var in struct {
		Value         *string       `json:"value"`
		Password      string        `json:"pwd"`
		Policy        *policyIn     `json:"policy"`
		Attributes    *attributesIn `json:"attributes"`
		Tags          wire.Tags     `json:"tags"`
		PreserveOrder bool          `json:"preserveCertOrder"`
	}
	if err := c.decode(&in, certificateJSON{}); err != nil {
		return answer{}, err
	}
	if in.Value == nil || strings.TrimSpace(*in.Value) == "" {
		return answer{}, wire.Missing("value")
	}
	return c.bundleAnswer(s.Certificates.Import(c.ctx, c.who, c.ref(vault.Certificates), service.ImportInput{
		Value: *in.Value, Password: vault.Hidden(in.Password), Policy: in.Policy.patch(c.version),
		Enabled: in.Attributes.enabled(), Tags: in.Tags, PreserveOrder: in.PreserveOrder && c.version.Has(wire.CertOrder)}))
}
