package api

import (
	"certwright/internal/service"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// secretJSON is a version of a secret in the recorded order of members
// (docs/contract/keys-and-secrets.md). value is missing where it is deleted.
type secretJSON struct {
	*deletionJSON
	Value       *string           `json:"value,omitempty"`
	ContentType string            `json:"contentType,omitempty"`
	ID          string            `json:"id"`
	Managed     bool              `json:"managed,omitempty"`
	Attributes  attributesJSON    `json:"attributes"`
	Tags        map[string]string `json:"tags,omitzero"`
	KeyID       string            `json:"kid,omitempty"`
	Previous    string            `json:"previousVersion,omitempty"`
}

// secretItem is a secret, or a version of one, in a list.
type secretItem struct {
	*deletionJSON
	ContentType string            `json:"contentType,omitempty"`
	ID          string            `json:"id"`
	Managed     bool              `json:"managed,omitempty"`
	Attributes  attributesJSON    `json:"attributes"`
	Tags        map[string]string `json:"tags,omitzero"`
}

func (v view) secret(s service.Bundle) secretJSON {
	ref, id := s.Version.Ref, s.Version.ID
	out := secretJSON{deletionJSON: v.deletion(ref, s.Deletion), ID: v.base.at(ref, id), Managed: s.Version.Managed,
		Attributes: v.attributes(s.Version.Attributes, s.Settings), Tags: s.Version.Tags}
	if s.Version.Managed {
		out.KeyID = v.base.at(ref.As(vault.Keys), id)
	}
	if body := s.Version.Secret; body != nil {
		out.ContentType = body.ContentType
		if v.version.Has(wire.SecretExtras) {
			out.Previous = body.Previous
		}
	}
	return out
}

// valued is a secret with its value.
func (v view) valued(s service.Bundle) secretJSON {
	out := v.secret(s)
	out.Value = &s.Value
	return out
}

func (v view) secretItem(id string, e vault.Entry, s vault.Settings) secretItem {
	return secretItem{deletionJSON: v.deletion(e.Ref, e.Deletion), ContentType: e.ContentType, ID: id, Managed: e.Managed,
		Attributes: v.attributes(e.Attributes, s), Tags: e.Tags}
}

// getSecret keeps the usual form only: another one is made anew each time.
func getSecret() serve {
	usual := getObject(vault.Secrets)
	return func(s *service.Service, c *call) (answer, error) {
		form := c.query.Get("outContentType")
		if form == "" || !c.version.Has(wire.SecretExtras) {
			return usual(s, c)
		}
		return shown(c.view().valued)(s.Secrets.Get(c.ctx, c.who, c.ref(vault.Secrets), c.path.version, form))
	}
}

func setSecret(s *service.Service, c *call) (answer, error) {
	var in struct {
		Value       *string         `json:"value"`
		ContentType string          `json:"contentType"`
		Attributes  *attributesIn   `json:"attributes"`
		Tags        wire.SecretTags `json:"tags"`
	}
	if err := c.decode(&in, secretJSON{}); err != nil {
		return answer{}, err
	}
	if in.Value == nil {
		return answer{}, wire.Missing("value")
	}
	attrs, err := in.Attributes.input()
	if err != nil {
		return answer{}, err
	}
	return shown(c.view().valued)(s.Secrets.Set(c.ctx, c.who, c.ref(vault.Secrets),
		service.SecretInput{Value: *in.Value, ContentType: in.ContentType, Attributes: attrs, Tags: in.Tags}))
}

func updateSecret(s *service.Service, c *call) (answer, error) {
	var in struct {
		ContentType *string         `json:"contentType"`
		Attributes  *attributesIn   `json:"attributes"`
		Tags        wire.SecretTags `json:"tags"`
	}
	if err := c.decode(&in, secretJSON{}); err != nil {
		return answer{}, err
	}
	attrs, err := in.Attributes.input()
	if err != nil {
		return answer{}, err
	}
	return c.bundleAnswer(s.Secrets.Update(c.ctx, c.who, c.ref(vault.Secrets), c.path.version,
		service.SecretUpdate{ContentType: in.ContentType, Attributes: attrs, Tags: in.Tags}))
}

func secretRows() []row {
	return []row{
		{"GET", "/secrets/{name}", "GetSecret", getSecret(), 0, ""},
		{"PUT", "/secrets/{name}", "SetSecret", setSecret, maxBody, "secrets/set"},
		{"PATCH", "/secrets/{name}", "UpdateSecret", updateSecret, maxBody, "secrets/update"},
		{"GET", "/secrets/{name}/{version}", "GetSecret", getSecret(), 0, ""},
		{"PATCH", "/secrets/{name}/{version}", "UpdateSecret", updateSecret, maxBody, "secrets/update"},
	}
}
