package keyvault

import (
	"context"
	"encoding/json"
	"net/http"
)

// A Policy says what the versions of a certificate are and when they are renewed.
// What a request leaves out stays, or has the service's default.
type Policy struct {
	ID         string           `json:"id,omitempty"`
	Key        *KeyProps        `json:"key_props,omitempty"`
	Secret     *SecretProps     `json:"secret_props,omitempty"`
	X509       *X509Props       `json:"x509_props,omitempty"`
	Lifetime   []LifetimeAction `json:"lifetime_actions,omitempty"`
	Issuer     *IssuerParams    `json:"issuer,omitempty"`
	Attributes *Attributes      `json:"attributes,omitempty"`
	Platform   json.RawMessage  `json:"platformManaged,omitempty"`
}

// KeyProps are the properties of the key.
type KeyProps struct {
	Exportable *bool  `json:"exportable,omitempty"`
	Type       string `json:"kty,omitempty"`
	Size       int    `json:"key_size,omitempty"`
	Reuse      *bool  `json:"reuse_key,omitempty"`
	Curve      string `json:"crv,omitempty"`
}

// SecretProps are those of the secret that has the certificate and its key.
type SecretProps struct {
	ContentType string `json:"contentType,omitempty"`
}

// The content types of such a secret.
const (
	TypePFX = "application/x-pkcs12"
	TypePEM = "application/x-pem-file"
)

// X509Props are those of the certificate.
type X509Props struct {
	Subject        string   `json:"subject,omitempty"`
	SANs           *SANs    `json:"sans,omitempty"`
	EKUs           []string `json:"ekus,omitempty"`
	Usage          []string `json:"key_usage,omitempty"`
	ValidityMonths int      `json:"validity_months,omitempty"`
}

// SANs are subject alternative names.
type SANs struct {
	Emails []string `json:"emails,omitempty"`
	DNS    []string `json:"dns_names,omitempty"`
	UPNs   []string `json:"upns,omitempty"`
	URIs   []string `json:"uris,omitempty"`
	IPs    []string `json:"ipAddresses,omitempty"`
}

// A LifetimeAction is what is done when part of a validity is over.
type LifetimeAction struct {
	Trigger struct {
		Percentage int `json:"lifetime_percentage,omitempty"`
		Days       int `json:"days_before_expiry,omitempty"`
	} `json:"trigger"`
	Action struct {
		Type string `json:"action_type"`
	} `json:"action"`
}

// IssuerParams names who issues.
type IssuerParams struct {
	Name         string `json:"name,omitempty"`
	CertType     string `json:"cty,omitempty"`
	Transparency *bool  `json:"cert_transparency,omitempty"`
}

// Policy returns a certificate's.
func (s Certificates) Policy(ctx context.Context, name string) (Policy, error) {
	return object[Policy](ctx, s.c, http.MethodGet, nil, name, ofCertificates, "policy")
}

// SetPolicy changes what change has of a certificate's policy: a Policy, or JSON
// of one.
func (s Certificates) SetPolicy(ctx context.Context, name string, change any) (Policy, error) {
	return object[Policy](ctx, s.c, http.MethodPatch, change, name, ofCertificates, "policy")
}
