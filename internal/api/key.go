package api

import (
	"encoding/base64"
	"fmt"

	"certwright/internal/certs"
	"certwright/internal/service"
	"certwright/internal/vault"
)

// keyJSON is a version of a key in the recorded order of members (WIRE section 4).
type keyJSON struct {
	Key        jwkJSON           `json:"key"`
	Attributes attributesJSON    `json:"attributes"`
	Tags       map[string]string `json:"tags,omitempty"`
	Managed    bool              `json:"managed,omitempty"`
}

type deletedKeyJSON struct {
	*deletionJSON
	keyJSON
}

// jwkJSON is the public side as a JSON web key: n and e, or crv, x and y.
type jwkJSON struct {
	ID         string        `json:"kid"`
	Type       vault.KeyType `json:"kty"`
	Operations []string      `json:"key_ops"`
	N          base64URL     `json:"n,omitempty"`
	E          base64URL     `json:"e,omitempty"`
	Curve      vault.Curve   `json:"crv,omitempty"`
	X          base64URL     `json:"x,omitempty"`
	Y          base64URL     `json:"y,omitempty"`
}

// base64URL is bytes on the wire as base64url without padding.
type base64URL []byte

// MarshalText encodes the bytes.
func (b base64URL) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, b), nil
}

// keyItem is a key, or a version of one, in a list.
type keyItem struct {
	ID         string            `json:"kid"`
	Attributes attributesJSON    `json:"attributes"`
	Tags       map[string]string `json:"tags,omitempty"`
	Managed    bool              `json:"managed,omitempty"`
}

type deletedKeyItem struct {
	*deletionJSON
	keyItem
}

func (v view) key(k service.Key) (keyJSON, error) {
	body := k.Version.Key
	if body == nil {
		return keyJSON{}, fmt.Errorf("encode key %s: the version has no key", k.Version.Ref)
	}
	public, err := certs.ParsePublic(body.Public)
	if err != nil {
		return keyJSON{}, fmt.Errorf("encode key %s: %w", k.Version.Ref, err)
	}
	out := keyJSON{
		Key: jwkJSON{ID: v.base.at(k.Version.Ref, k.Version.ID), Type: body.Type, Operations: array(body.Operations),
			N: public.N, E: public.E, Curve: public.Curve, X: public.X, Y: public.Y},
		Attributes: v.keyAttributes(k.Version.Attributes, k.Settings), Tags: k.Version.Tags, Managed: k.Version.Managed}
	if !k.Version.Managed && v.version.has(keyExportable) {
		out.Attributes.Exportable = &body.Exportable
	}
	return out, nil
}

func (v view) keyAttributes(a vault.Attributes, s vault.Settings) attributesJSON {
	out := v.attributes(a, s)
	if v.version.has(hsmPlatform) {
		out.HSMPlatform = "0"
	}
	return out
}

func (v view) keyItem(id string, e vault.Entry, s vault.Settings) keyItem {
	return keyItem{ID: id, Attributes: v.keyAttributes(e.Attributes, s), Tags: e.Tags, Managed: e.Managed}
}

func (v view) deletedKeyItem(id string, e vault.Entry, s vault.Settings) deletedKeyItem {
	return deletedKeyItem{v.deletion(e.Ref, e.Deletion), v.keyItem(id, e, s)}
}

func readKey(s *service.Service, c *call) (any, bool, error) {
	k, err := s.GetKey(c.ctx, c.who, c.ref(vault.Keys), c.path.version)
	if err != nil {
		return nil, false, err
	}
	out, err := c.view().key(k)
	return out, true, err
}

func getDeletedKey(s *service.Service, c *call) (answer, error) {
	k, err := s.GetDeletedKey(c.ctx, c.who, c.ref(vault.Keys))
	if err != nil {
		return answer{}, err
	}
	out, err := c.view().key(k)
	return answer{body: deletedKeyJSON{c.view().deletion(k.Version.Ref, k.Deletion), out}}, err
}

func keyRows() []row {
	return []row{
		{"GET", "/keys", "GetKeys", listObjects(vault.Keys, false, (*service.Service).ListKeys, view.keyItem), 0},
		{"GET", "/keys/{name}", "GetKey", kept(vault.Keys, "keys/get", readKey), 0},
		{"GET", "/keys/{name}/{version}", "GetKey", kept(vault.Keys, "keys/get", readKey), 0},
		{"GET", "/keys/{name}/versions", "GetKeyVersions", listVersions(vault.Keys, (*service.Service).ListKeyVersions, view.keyItem), 0},
		{"GET", "/deletedkeys", "GetDeletedKeys", listObjects(vault.Keys, true, (*service.Service).ListKeys, view.deletedKeyItem), 0},
		{"GET", "/deletedkeys/{name}", "GetDeletedKey", getDeletedKey, 0},

		// Writes, so far of a certificate's key only, which are refused.
		{"POST", "/keys/{name}/create", "CreateKey", refuse(vault.Keys, "keys/create", "create"), 0},
		{"PUT", "/keys/{name}", "ImportKey", refuse(vault.Keys, "keys/import", "import"), 0},
		{"PATCH", "/keys/{name}", "UpdateKey", refuse(vault.Keys, "keys/update", "update"), 0},
		{"PATCH", "/keys/{name}/{version}", "UpdateKey", refuse(vault.Keys, "keys/update", "update"), 0},
		{"DELETE", "/keys/{name}", "DeleteKey", refuse(vault.Keys, "keys/delete", "delete"), 0},
		{"POST", "/keys/{name}/backup", "BackupKey", refuse(vault.Keys, "keys/backup", "backup"), 0},
		{"POST", "/keys/{name}/rotate", "RotateKey", refuse(vault.Keys, "keys/rotate", "rotate"), 0},
		{"DELETE", "/deletedkeys/{name}", "PurgeDeletedKey", refuse(vault.Keys, "keys/purge", "purge"), 0},
		{"POST", "/deletedkeys/{name}/recover", "RecoverDeletedKey", refuse(vault.Keys, "keys/recover", "recover"), 0},
	}
}

// refuse serves a write to what may belong to a certificate.
func refuse(kind vault.Kind, do vault.Action, verb string) serve {
	return func(s *service.Service, c *call) (answer, error) {
		return answer{}, s.RefuseDirectWrite(c.ctx, c.who, c.ref(kind), do, verb)
	}
}
