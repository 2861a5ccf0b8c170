package api

import (
	"certwright/internal/keys"
	"certwright/internal/service"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// keyAttributesIn are the attributes of a request about a key.
type keyAttributesIn struct {
	Enabled    *bool    `json:"enabled"`
	NotBefore  *float64 `json:"nbf"`
	Expires    *float64 `json:"exp"`
	Exportable *bool    `json:"exportable"`
}

// input returns the attributes that secrets have as well.
func (a *keyAttributesIn) input() (service.AttributesInput, error) {
	if a == nil {
		return service.AttributesInput{}, nil
	}
	return (&attributesIn{a.Enabled, a.NotBefore, a.Expires}).input()
}

// exportable returns what the client asked for; nil where it did not, or does
// not know of it.
func (a *keyAttributesIn) exportable(v wire.Version) *bool {
	if a == nil || !v.Has(wire.KeyExportable) {
		return nil
	}
	return a.Exportable
}

// isExportable is exportable for a new key.
func (a *keyAttributesIn) isExportable(v wire.Version) bool {
	asked := a.exportable(v)
	return asked != nil && *asked
}

// keyCreateIn is the body of CreateKey.
type keyCreateIn struct {
	Type       vault.KeyType    `json:"kty"`
	Curve      vault.Curve      `json:"crv"`
	Size       int              `json:"key_size"`
	Exponent   int              `json:"public_exponent"`
	Operations []string         `json:"key_ops"`
	Attributes *keyAttributesIn `json:"attributes"`
	Release    *releaseIn       `json:"release_policy"`
	Tags       wire.Tags        `json:"tags"`
}

func readKeyCreate(body []byte, v wire.Version) (out service.KeyInput, err error) {
	var in keyCreateIn
	if err := wire.Decode(body, &in); err != nil {
		return out, err
	}
	out = service.KeyInput{Type: in.Type, Curve: in.Curve, Size: in.Size, Exponent: in.Exponent, Operations: in.Operations,
		Exportable: in.Attributes.isExportable(v), Tags: in.Tags}
	if out.Attributes, err = in.Attributes.input(); err == nil {
		out.Release, err = in.Release.keep(v)
	}
	return out, err
}

func createKey(s *service.Service, c *call) (answer, error) {
	in, err := readKeyCreate(c.body, c.version)
	c.notes(keyCreateIn{}, keyJSON{})
	if err != nil {
		return answer{}, err
	}
	return c.bundleAnswer(s.Keys.Create(c.ctx, c.who, c.ref(vault.Keys), in))
}

// jwkIn is a private JSON web key. It must never be logged.
type jwkIn struct {
	Type       vault.KeyType `json:"kty"`
	Curve      vault.Curve   `json:"crv"`
	Operations []string      `json:"key_ops"`
	N          *string       `json:"n"`
	E          *string       `json:"e"`
	D          *string       `json:"d"`
	DP         *string       `json:"dp"`
	DQ         *string       `json:"dq"`
	QI         *string       `json:"qi"`
	P          *string       `json:"p"`
	Q          *string       `json:"q"`
	X          *string       `json:"x"`
	Y          *string       `json:"y"`
	K          *string       `json:"k"`
}

func (in jwkIn) members() (keys.Members, error) {
	m := keys.Members{Type: in.Type, Curve: in.Curve}
	return m, readParts([]part{{"key.n", in.N, &m.N}, {"key.e", in.E, &m.E}, {"key.d", in.D, &m.D}, {"key.dp", in.DP, &m.DP},
		{"key.dq", in.DQ, &m.DQ}, {"key.qi", in.QI, &m.QI}, {"key.p", in.P, &m.P}, {"key.q", in.Q, &m.Q},
		{"key.x", in.X, &m.X}, {"key.y", in.Y, &m.Y}, {"key.k", in.K, &m.K}})
}

// keyImportIn is the body of ImportKey. The specification spells Hsm so.
type keyImportIn struct {
	HSM        bool             `json:"Hsm"`
	Key        *jwkIn           `json:"key"`
	Attributes *keyAttributesIn `json:"attributes"`
	Release    *releaseIn       `json:"release_policy"`
	Tags       wire.Tags        `json:"tags"`
}

func readKeyImport(body []byte, v wire.Version) (out service.KeyImport, err error) {
	var in keyImportIn
	if err := wire.Decode(body, &in); err != nil {
		return out, err
	}
	if in.Key == nil {
		return out, vault.MissingProperty("key")
	}
	out = service.KeyImport{HSM: in.HSM, Operations: in.Key.Operations, Exportable: in.Attributes.isExportable(v), Tags: in.Tags}
	if out.Key, err = in.Key.members(); err != nil {
		return out, err
	}
	if out.Attributes, err = in.Attributes.input(); err == nil {
		out.Release, err = in.Release.keep(v)
	}
	return out, err
}

func importKey(s *service.Service, c *call) (answer, error) {
	in, err := readKeyImport(c.body, c.version)
	c.notes(keyImportIn{}, keyJSON{})
	if err != nil {
		return answer{}, err
	}
	return c.bundleAnswer(s.Keys.Import(c.ctx, c.who, c.ref(vault.Keys), in))
}

func updateKey(s *service.Service, c *call) (answer, error) {
	var in struct {
		Operations *[]string        `json:"key_ops"`
		Attributes *keyAttributesIn `json:"attributes"`
		Release    *releaseIn       `json:"release_policy"`
		Tags       wire.Tags        `json:"tags"`
	}
	if err := c.decode(&in, keyJSON{}); err != nil {
		return answer{}, err
	}
	attrs, err := in.Attributes.input()
	if err != nil {
		return answer{}, err
	}
	release, err := in.Release.keep(c.version)
	if err != nil {
		return answer{}, err
	}
	return c.bundleAnswer(s.Keys.Update(c.ctx, c.who, c.ref(vault.Keys), c.path.version,
		service.KeyUpdate{Operations: in.Operations, Exportable: in.Attributes.exportable(c.version), Release: release, Attributes: attrs, Tags: in.Tags}))
}

func rotateKey(s *service.Service, c *call) (answer, error) {
	return c.bundleAnswer(s.Keys.Rotate(c.ctx, c.who, c.ref(vault.Keys)))
}

// operateKey is for a POST that names a key and no operation.
func operateKey(*service.Service, *call) (answer, error) {
	return answer{}, vault.NoKeyOperation()
}

func keyWriteRows() []row {
	return []row{
		{"POST", "/keys/{name}", "NoOperation", operateKey, 0, ""},
		{"POST", "/keys/{name}/create", "CreateKey", createKey, maxBody, "keys/create"},
		{"PUT", "/keys/{name}", "ImportKey", importKey, maxBody, "keys/import"},
		{"PATCH", "/keys/{name}", "UpdateKey", updateKey, maxBody, "keys/update"},
		{"PATCH", "/keys/{name}/{version}", "UpdateKey", updateKey, maxBody, "keys/update"},
		{"POST", "/keys/{name}/rotate", "RotateKey", rotateKey, 0, ""},
		{"GET", "/keys/{name}/rotationpolicy", "GetKeyRotationPolicy", getRotation, 0, ""},
		{"PUT", "/keys/{name}/rotationpolicy", "UpdateKeyRotationPolicy", putRotation, maxBody, "keys/setrotationpolicy"},
	}
}
