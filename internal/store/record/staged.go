package record

import "certwright/internal/vault"

// stagedRecord is a version that is not yet shown, as stored in its operation:
// the list row that it will have, and its body.
type stagedRecord struct {
	ID string `json:"id"`
	attributesRecord
	Tags        map[string]string `json:"tags,omitzero"`
	Thumbprint  *int              `json:"thumbprint,omitzero"` // length
	Subject     string            `json:"subject,omitzero"`
	ContentType string            `json:"content_type,omitzero"`
	Body        versionRecord     `json:"body"`
	Later       vault.Later       `json:"...,omitzero"`
}

func fromStaged(v vault.Version, raw *packed) *stagedRecord {
	e := v.Entry()
	r := &stagedRecord{ID: v.ID, attributesRecord: fromAttributes(v.Attributes), Tags: v.Tags,
		Thumbprint: raw.put(e.Thumbprint), Subject: e.Subject, ContentType: e.ContentType}
	r.Body = fromVersion(v, raw)
	return r
}

// version returns the version that was staged for the object at ref.
func (r *stagedRecord) version(ref vault.Ref, raw *packed) (*vault.Version, error) {
	v := &vault.Version{Ref: ref, ID: r.ID, Attributes: r.attributes(), Tags: r.Tags}
	thumbprint, err := raw.take(r.Thumbprint)
	if err != nil {
		return nil, err
	}
	return v, r.Body.fill(v, vault.Entry{Thumbprint: thumbprint, Subject: r.Subject, ContentType: r.ContentType}, raw)
}
