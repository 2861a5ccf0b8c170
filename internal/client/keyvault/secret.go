package keyvault

import (
	"context"
	"iter"
	"net/http"
)

const ofSecrets = "secrets"

// A Secret is a version of one. Of a certificate's it is the certificate, its
// chain and its key.
type Secret struct {
	Value       string            `json:"value,omitempty"`
	ContentType string            `json:"contentType,omitempty"`
	ID          ID                `json:"id,omitempty"`
	Managed     bool              `json:"managed,omitempty"` // it is a certificate's
	Attributes  *Attributes       `json:"attributes,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`
	KeyID       string            `json:"kid,omitempty"`
}

// List goes through the secrets, without their values.
func (s Secrets) List(ctx context.Context) iter.Seq2[Secret, error] {
	return list[Secret](ctx, s.c, path(ofSecrets), nil)
}

// Get returns a version with its value, the latest for "".
func (s Secrets) Get(ctx context.Context, name, version string) (Secret, error) {
	return object[Secret](ctx, s.c, http.MethodGet, nil, name, ofSecrets, version)
}

// Set makes a new version.
func (s Secrets) Set(ctx context.Context, name string, in Secret) (Secret, error) {
	return object[Secret](ctx, s.c, http.MethodPut, in, name, ofSecrets)
}
