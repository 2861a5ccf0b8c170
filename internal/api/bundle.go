package api

import (
	"certwright/internal/service"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// deletionJSON opens every answer about something deleted (docs/contract/certificates.md).
type deletionJSON struct {
	RecoveryID string       `json:"recoveryId"`
	Deleted    wire.Seconds `json:"deletedDate,omitzero"`
	Purge      wire.Seconds `json:"scheduledPurgeDate,omitzero"`
}

func (v view) deletion(ref vault.Ref, d *vault.Deletion) *deletionJSON {
	if d == nil {
		return nil
	}
	return &deletionJSON{v.base.deleted(ref), wire.Seconds(d.At), wire.Seconds(d.PurgeAt)}
}

// bundle is an object of any kind as its kind is shown, a secret without its value.
func (v view) bundle(b service.Bundle) (any, error) {
	switch b.Version.Kind {
	case vault.Certificates:
		return v.certificate(b), nil
	case vault.Keys:
		return v.key(b)
	}
	return v.secret(b), nil
}

// read is what a GET shows: of a secret the value, and of a version of a
// certificate that was asked for by id the certificate's own fields in place of
// policy and pending (docs/contract/certificates.md).
func (v view) read(b service.Bundle, id string) (any, error) {
	switch kind := b.Version.Kind; {
	case kind == vault.Secrets:
		return v.valued(b), nil
	case kind == vault.Certificates && id != "":
		b.Policy, b.Pending = nil, false
		leaf, err := v.leaf(b)
		out := v.certificate(b)
		out.leafJSON = leaf
		return out, err
	}
	return v.bundle(b)
}

// item is an entry of a list of any kind, under the identifier it has there.
func (v view) item(id string, e vault.Entry, s vault.Settings) any {
	switch e.Kind {
	case vault.Certificates:
		return v.certificateItem(id, e, s)
	case vault.Keys:
		return v.keyItem(id, e, s)
	}
	return v.secretItem(id, e, s)
}

// bundleAnswer is the answer of every operation that returns the bundle.
func (c *call) bundleAnswer(b service.Bundle, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	out, err := c.view().bundle(b)
	return answer{body: out}, err
}
