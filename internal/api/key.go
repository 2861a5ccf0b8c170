package api

import (
	"encoding/json"
	"fmt"
	"slices"

	"certwright/internal/keys"
	"certwright/internal/service"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// keyJSON is a version of a key in the recorded order of members (docs/contract/keys-and-secrets.md).
type keyJSON struct {
	*deletionJSON
	Key        jwkJSON           `json:"key"`
	Attributes attributesJSON    `json:"attributes"`
	Tags       map[string]string `json:"tags,omitempty"`
	Managed    bool              `json:"managed,omitempty"`
	Release    json.RawMessage   `json:"release_policy,omitempty"`
}

// jwkJSON is the public side as a JSON web key: n and e, or crv, x and y; of an
// oct key nothing. crv of an RSA key is what its import said.
type jwkJSON struct {
	ID         string         `json:"kid"`
	Type       vault.KeyType  `json:"kty"`
	Operations []string       `json:"key_ops"`
	N          wire.Base64URL `json:"n,omitempty"`
	E          wire.Base64URL `json:"e,omitempty"`
	Curve      vault.Curve    `json:"crv,omitempty"`
	X          wire.Base64URL `json:"x,omitempty"`
	Y          wire.Base64URL `json:"y,omitempty"`
}

// keyItem is a key, or a version of one, in a list.
type keyItem struct {
	*deletionJSON
	ID         string            `json:"kid"`
	Attributes attributesJSON    `json:"attributes"`
	Tags       map[string]string `json:"tags,omitempty"`
	Managed    bool              `json:"managed,omitempty"`
}

// key shows no release_policy of a deleted key, as recorded (go-keys/TestReleaseKey).
func (v view) key(k service.Bundle) (keyJSON, error) {
	body := k.Version.Key
	if body == nil {
		return keyJSON{}, fmt.Errorf("encode key %s: the version has no key", k.Version.Ref)
	}
	out := keyJSON{
		deletionJSON: v.deletion(k.Version.Ref, k.Deletion),
		Key:          jwkJSON{ID: v.base.at(k.Version.Ref, k.Version.ID), Type: body.Type, Operations: array(body.Operations)},
		Attributes:   v.keyAttributes(k.Version.Entry(), k.Settings), Tags: k.Version.Tags, Managed: k.Version.Managed}
	if v.version.Has(wire.KeyExportable) && k.Deletion == nil {
		out.Release = body.Release
	}
	if len(body.Public) == 0 { // oct
		return out, nil
	}
	key, err := keys.ParsePublic(body.Public)
	if err != nil {
		return keyJSON{}, fmt.Errorf("encode key %s: %w", k.Version.Ref, err)
	}
	public := key.Members()
	out.Key.N, out.Key.E, out.Key.Curve, out.Key.X, out.Key.Y = public.N, public.E, public.Curve, public.X, public.Y
	out.Key.spell(body.Spelling)
	return out, nil
}

// spell puts the members that the caller wrote in a way of its own as it wrote them.
func (j *jwkJSON) spell(as vault.KeySpelling) {
	for _, m := range []struct {
		to *wire.Base64URL
		as []byte
	}{{&j.N, as.N}, {&j.E, as.E}, {&j.X, as.X}, {&j.Y, as.Y}} {
		if len(m.as) > 0 {
			*m.to = m.as
		}
	}
	if as.Curve != "" {
		j.Curve = as.Curve
	}
}

// keyAttributes adds what only keys have. Of a certificate's key exportable is
// not shown (recorded, docs/contract/keys-and-secrets.md). hsmPlatform is "2" of an -HSM type, the
// documented platform of a premium vault's HSM; "0" of others is recorded.
func (v view) keyAttributes(e vault.Entry, s vault.Settings) attributesJSON {
	out := v.attributes(e.Attributes, s)
	if !e.Managed && v.version.Has(wire.KeyExportable) {
		out.Exportable = &e.Exportable
	}
	if v.version.Has(wire.HSMPlatform) {
		out.HSMPlatform = "0"
		if e.KeyType.HSM() {
			out.HSMPlatform = "2"
		}
	}
	return out
}

func (v view) keyItem(id string, e vault.Entry, s vault.Settings) keyItem {
	return keyItem{deletionJSON: v.deletion(e.Ref, e.Deletion), ID: id, Attributes: v.keyAttributes(e, s), Tags: e.Tags, Managed: e.Managed}
}

// attestKey answers the bundle: attributes.attestation is there only where an
// HSM attested to the key, and none does here.
func attestKey() serve {
	usual := getObject(vault.Keys)
	return func(s *service.Service, c *call) (answer, error) {
		if !c.version.Has(wire.KeyAttestation) {
			return answer{}, vault.NoRoute("/keys/" + printable(c.path.name) + "/attestation")
		}
		return usual(s, c)
	}
}

func keyRows() []row {
	return slices.Concat(keyReadRows(), keyWriteRows(), keyUseRows())
}

func keyReadRows() []row {
	return []row{
		{"GET", "/keys/{name}", "GetKey", getObject(vault.Keys), 0, ""},
		{"GET", "/keys/{name}/{version}", "GetKey", getObject(vault.Keys), 0, ""},
		{"GET", "/keys/{name}/attestation", "GetKeyAttestation", attestKey(), 0, ""},
		{"GET", "/keys/{name}/{version}/attestation", "GetKeyAttestation", attestKey(), 0, ""},
	}
}
