package keyvault

import (
	"context"
	"iter"
	"net/http"
	"net/url"
)

const ofCertificates, deletedCertificates = "certificates", "deletedcertificates"

// A Certificate is a version of one.
type Certificate struct {
	Deletion
	ID            ID                `json:"id"`
	KeyID         string            `json:"kid,omitempty"`
	SecretID      string            `json:"sid,omitempty"`
	Thumbprint    string            `json:"x5t,omitempty"`
	Leaf          []byte            `json:"cer,omitempty"` // DER; none while the first version is not complete
	Attributes    Attributes        `json:"attributes"`
	Tags          map[string]string `json:"tags,omitempty"`
	Policy        *Policy           `json:"policy,omitempty"`
	PreserveOrder *bool             `json:"preserveCertOrder,omitempty"`
	Pending       *struct {
		ID string `json:"id"`
	} `json:"pending,omitempty"`
}

// An Item is an entry of a list of certificates or their versions.
type Item struct {
	Deletion
	ID         ID                `json:"id"`
	Thumbprint string            `json:"x5t,omitempty"`
	Attributes Attributes        `json:"attributes"`
	Tags       map[string]string `json:"tags,omitempty"`
	Subject    string            `json:"subject,omitempty"`
}

// List goes through the certificates, those that have no version yet too.
func (s Certificates) List(ctx context.Context) iter.Seq2[Item, error] {
	return list[Item](ctx, s.c, path(ofCertificates), url.Values{"includePending": {"true"}})
}

// Deleted goes through those that are deleted and may be recovered.
func (s Certificates) Deleted(ctx context.Context) iter.Seq2[Item, error] {
	return list[Item](ctx, s.c, path(deletedCertificates), url.Values{"includePending": {"true"}})
}

// Versions goes through the versions of one.
func (s Certificates) Versions(ctx context.Context, name string) iter.Seq2[Item, error] {
	at, err := named(name, ofCertificates, "versions")
	if err != nil {
		return func(yield func(Item, error) bool) { yield(Item{}, err) }
	}
	return list[Item](ctx, s.c, at, nil)
}

// Get returns a version, the latest for "".
func (s Certificates) Get(ctx context.Context, name, version string) (Certificate, error) {
	return object[Certificate](ctx, s.c, http.MethodGet, nil, name, ofCertificates, version)
}

// A Change is what an update changes: nil is what it leaves.
type Change struct {
	Attributes *Attributes       `json:"attributes,omitempty"`
	Tags       map[string]string `json:"tags,omitempty"`
}

// Update changes a version, the latest for "".
func (s Certificates) Update(ctx context.Context, name, version string, change Change) (Certificate, error) {
	return object[Certificate](ctx, s.c, http.MethodPatch, change, name, ofCertificates, version)
}

// An Import is a certificate that comes with its key.
type Import struct {
	Value      string            `json:"value"`         // base64 of a PFX file, or PEM
	Password   string            `json:"pwd,omitempty"` // of it
	Policy     *Policy           `json:"policy,omitempty"`
	Attributes *Attributes       `json:"attributes,omitempty"`
	Tags       map[string]string `json:"tags,omitempty"`
}

// Import makes a version of it.
func (s Certificates) Import(ctx context.Context, name string, in Import) (Certificate, error) {
	return object[Certificate](ctx, s.c, http.MethodPost, in, name, ofCertificates, "import")
}

// Delete deletes all versions; they may be recovered until they are purged.
func (s Certificates) Delete(ctx context.Context, name string) (Certificate, error) {
	return object[Certificate](ctx, s.c, http.MethodDelete, nil, name, ofCertificates)
}

// GetDeleted returns one that is deleted.
func (s Certificates) GetDeleted(ctx context.Context, name string) (Certificate, error) {
	return object[Certificate](ctx, s.c, http.MethodGet, nil, name, deletedCertificates)
}

// Recover brings one back that is deleted.
func (s Certificates) Recover(ctx context.Context, name string) (Certificate, error) {
	return object[Certificate](ctx, s.c, http.MethodPost, nil, name, deletedCertificates, "recover")
}

// Purge removes one that is deleted for good.
func (s Certificates) Purge(ctx context.Context, name string) error {
	_, err := object[struct{}](ctx, s.c, http.MethodDelete, nil, name, deletedCertificates)
	return err
}

// object asks for something about one name.
func object[T any](ctx context.Context, c *Client, method string, in any, name, before string, after ...string) (out T, err error) {
	at, err := named(name, before, after...)
	if err == nil {
		_, err = c.call(ctx, request{method: method, path: at, in: in}, &out)
	}
	return out, err
}
