package keyvault

import (
	"context"
	"iter"
	"net/http"
)

// An Issuer is how a vault calls an authority. The password is only ever sent.
type Issuer struct {
	ID           ID            `json:"id,omitempty"`
	Provider     string        `json:"provider,omitempty"`
	Credentials  *Credentials  `json:"credentials,omitempty"`
	Organization *Organization `json:"org_details,omitempty"`
	Attributes   *Attributes   `json:"attributes,omitempty"`
}

// Credentials are the vault's at the authority.
type Credentials struct {
	Account  string `json:"account_id,omitempty"`
	Password string `json:"pwd,omitempty"`
}

// Organization is for whom certificates are.
type Organization struct {
	ID     string  `json:"id,omitempty"`
	Admins []Admin `json:"admin_details,omitempty"`
}

// An Admin is a person of an organization.
type Admin struct {
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
	Email     string `json:"email,omitempty"`
	Phone     string `json:"phone,omitempty"`
}

// Name is the issuer's.
func (i Issuer) Name() string { return i.ID.segment(2) }

// List goes through the vault's issuers; only name and provider are there.
func (s Issuers) List(ctx context.Context) iter.Seq2[Issuer, error] {
	return list[Issuer](ctx, s.c, path(ofCertificates, "issuers"), nil)
}

// Get returns one.
func (s Issuers) Get(ctx context.Context, name string) (Issuer, error) {
	return s.ask(ctx, http.MethodGet, nil, name)
}

// Set makes an issuer, or another of one that is there.
func (s Issuers) Set(ctx context.Context, name string, in Issuer) (Issuer, error) {
	return s.ask(ctx, http.MethodPut, in, name)
}

// Delete removes one.
func (s Issuers) Delete(ctx context.Context, name string) (Issuer, error) {
	return s.ask(ctx, http.MethodDelete, nil, name)
}

func (s Issuers) ask(ctx context.Context, method string, in any, name string) (out Issuer, err error) {
	if _, err = named(name, ""); err == nil {
		_, err = s.c.call(ctx, request{method: method, path: path(ofCertificates, "issuers", name), in: in}, &out)
	}
	return out, err
}
