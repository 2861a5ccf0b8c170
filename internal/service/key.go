package service

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"certwright/internal/keys"
	"certwright/internal/order"
	"certwright/internal/policy"
	"certwright/internal/vault"
)

// Create makes a new version of a plain key.
func (s *Keys) Create(ctx context.Context, who vault.Caller, ref vault.Ref, in KeyInput) (Bundle, error) {
	if err := s.enter(ctx, who, actions[vault.Keys].create, ref); err != nil {
		return Bundle{}, err
	}
	props, err := s.keyProps(ref.Vault, in)
	if err != nil {
		return Bundle{}, err
	}
	ops, err := keys.CheckOperations(in.Type, in.Operations)
	if err != nil {
		return Bundle{}, err
	}
	if err := checkExportable(in.Exportable, in.Type, in.Release); err != nil {
		return Bundle{}, err
	}
	made, err := s.newMaterial(props)
	if err != nil {
		return Bundle{}, err
	}
	made.Type = in.Type
	if in.Curve == vault.Koblitz {
		made.Spelling.Curve = in.Curve
	}
	return s.putKey(ctx, newKey{ref: ref, verb: "create", made: made, in: in.Attributes, tags: in.Tags,
		body: vault.KeyBody{Operations: ops, Exportable: in.Exportable, Release: in.Release}})
}

// keyProps fills in and checks type, size and curve, by the rules that
// certificates have as well, but key_size says nothing of an EC key: cosign
// sends 2048. oct keys live in an HSM only.
func (s *Keys) keyProps(vaultName string, in KeyInput) (vault.KeyProps, error) {
	settings := s.Settings(vaultName)
	switch {
	case in.Type == "":
		return vault.KeyProps{}, vault.MissingProperty("kty")
	case in.Exponent != 0 && in.Exponent != 65537:
		return vault.KeyProps{}, vault.Bad("public_exponent %d is not supported; use 65537.", in.Exponent)
	case in.Type == vault.Oct || in.Type == vault.OctHSM:
		return octProps(in, settings)
	case !in.Type.IsRSA() && !in.Type.IsEC():
		return vault.KeyProps{}, vault.KeyTypeNotSupported(in.Type)
	case in.Curve != "" && (in.Type.IsRSA() || in.Curve.Plain().Size() == 0):
		return vault.KeyProps{}, vault.CurveNotSupported(in.Curve)
	}
	patch := policy.KeyPatch{Type: &in.Type, Exportable: new(bool)}
	if curve := in.Curve.Plain(); curve != "" {
		patch.Curve = &curve
	}
	if in.Size != 0 && in.Type.IsRSA() {
		patch.Size = &in.Size
	}
	props := policy.New(policy.Patch{Key: &patch}, s.Now()).Key
	return props, policy.CheckKey(props, settings)
}

func octProps(in KeyInput, settings vault.Settings) (vault.KeyProps, error) {
	p := vault.KeyProps{Type: in.Type, Size: in.Size}
	if p.Size == 0 {
		p.Size = 256
	}
	if !settings.HSM {
		return p, vault.KeyTypeNotSupported(in.Type)
	}
	return p, nil // keys.RandomSecret refuses sizes that AES has not
}

// checkExportable refuses an exportable key that no policy says where to (7.3
// specification, release_policy).
func checkExportable(exportable bool, t vault.KeyType, release []byte) error {
	switch {
	case exportable && release == nil:
		return vault.NeedsReleasePolicy()
	case exportable && !t.HSM():
		return vault.Bad("attributes.exportable needs an HSM key type.")
	case !exportable && release != nil:
		return vault.NoReleasePolicy()
	}
	return nil
}

// newMaterial makes a key pair, or the bytes of an oct key.
func (s *Keys) newMaterial(p vault.KeyProps) (keys.Stored, error) {
	if p.Type == vault.Oct || p.Type == vault.OctHSM {
		return keys.NewOct(p.Size)
	}
	key, err := s.Orders.Keys.Key(p)
	if err != nil {
		return keys.Stored{}, err
	}
	return key.Stored()
}

// Import stores a key brought from outside as a new version of a plain key.
func (s *Keys) Import(ctx context.Context, who vault.Caller, ref vault.Ref, in KeyImport) (Bundle, error) {
	if err := s.enter(ctx, who, actions[vault.Keys].importing, ref); err != nil {
		return Bundle{}, err
	}
	made, err := keys.Import(in.Key)
	if err != nil {
		return Bundle{}, err
	}
	settings := s.Settings(ref.Vault)
	if in.HSM || in.Key.Type.HSM() {
		made.Type = vault.KeyType(strings.TrimSuffix(string(made.Type), "-HSM") + "-HSM")
	}
	if (made.Type == vault.Oct || made.Type == vault.OctHSM) && !settings.HSM {
		return Bundle{}, vault.KeyTypeNotSupported(made.Type)
	}
	if made.Type.HSM() && !settings.Premium && !settings.HSM {
		return Bundle{}, vault.NoHSM(made.Type)
	}
	ops, err := keys.CheckOperations(made.Type, in.Operations)
	if err != nil {
		return Bundle{}, err
	}
	if err := checkExportable(in.Exportable, made.Type, in.Release); err != nil {
		return Bundle{}, err
	}
	return s.putKey(ctx, newKey{ref: ref, verb: "import", made: made, in: in.Attributes, tags: in.Tags,
		body: vault.KeyBody{Operations: ops, Exportable: in.Exportable, Release: in.Release}})
}

// A newKey is all that a version of a plain key is made from.
type newKey struct {
	ref   vault.Ref
	verb  string // what is done, for refusals
	made  keys.Stored
	body  vault.KeyBody // operations, exportable and release policy
	in    AttributesInput
	tags  map[string]string
	guard func(*vault.Object) error // refuses in the transaction; nil for none
	due   bool                      // the schedule asks for it, not a caller
}

// edit lets a version expire as the key's rotation policy says, unless the caller said when.
func (k newKey) edit(o *vault.Object, v *vault.Version) error {
	if o.Rotation != nil && k.in.Expires == nil {
		v.Attributes.Expires = o.Rotation.Expires(v.Attributes.Created)
	}
	if k.guard == nil {
		return nil
	}
	return k.guard(o)
}

// putKey seals the key and stores it as the current version.
func (s *Keys) putKey(ctx context.Context, k newKey) (Bundle, error) {
	if err := k.in.check(); err != nil {
		return Bundle{}, err
	}
	now := s.Now()
	v := vault.Version{Ref: k.ref, ID: vault.NewID(), Tags: k.tags, Attributes: k.in.apply(vault.Attributes{Enabled: true, Created: now}, now)}
	sealed, err := s.Sealer.Seal(k.made.Private, vault.Binding(k.ref, v.ID))
	if err != nil {
		return Bundle{}, err
	}
	body := k.body
	body.Type, body.Curve, body.Size, body.Public, body.Private = k.made.Type, k.made.Curve, k.made.Size, k.made.Public, sealed
	body.Spelling = k.made.Spelling
	v.Key = &body
	err = s.ChangeAnew(ctx, k.ref, func(tx vault.Tx) (err error) {
		v, err = s.addVersion(tx, addition{v: v, verb: k.verb, edit: k.edit, due: k.due})
		return err
	})
	if err == nil {
		s.Poke()
	}
	return Bundle{Version: v, Settings: s.Settings(k.ref.Vault)}, err
}

// Update changes operations, attributes, release policy and tags of a plain
// key's version, the latest for id "".
func (s *Keys) Update(ctx context.Context, who vault.Caller, ref vault.Ref, id string, in KeyUpdate) (Bundle, error) {
	if err := s.enter(ctx, who, actions[vault.Keys].update, ref); err != nil {
		return Bundle{}, err
	}
	v, err := s.updatePlain(ctx, ref, id, in.Attributes, in.Tags, func(v *vault.Version) error {
		body := *v.Key
		if in.Exportable != nil && *in.Exportable != body.Exportable {
			return vault.ExportableFixed()
		}
		if in.Operations != nil && len(*in.Operations) > 0 { // an empty list is none (see keys.CheckOperations)
			ops, err := keys.CheckOperations(body.Type, *in.Operations)
			if err != nil {
				return err
			}
			body.Operations = ops
		}
		if in.Release != nil {
			if err := mayRelease(body, in.Release); err != nil {
				return err
			}
			body.Release = in.Release
		}
		v.Key = &body
		return nil
	})
	return Bundle{Version: v, Settings: s.Settings(ref.Vault)}, err
}

// mayRelease refuses a release policy for a key that is never released, or in
// place of one that was called immutable (7.3 specification, KeyReleasePolicy).
func mayRelease(body vault.KeyBody, next []byte) error {
	var old struct {
		Immutable bool `json:"immutable"`
	}
	switch {
	case !body.Exportable:
		return vault.NoReleasePolicy()
	case bytes.Equal(body.Release, next):
		return nil
	case json.Unmarshal(body.Release, &old) != nil || old.Immutable:
		return vault.ReleasePolicyFixed()
	}
	return nil
}

// parsedKey turns a stored version into a key ready for use.
func (s *Keys) parsedKey(v vault.Version) (keys.Key, error) {
	if v.Key.Public == nil { // oct
		secret, err := s.Sealer.Open(v.Key.Private, vault.Binding(v.Ref, v.ID))
		if err != nil {
			return keys.Key{}, err
		}
		return keys.ParseOct(secret)
	}
	return order.OpenKey(s.Sealer, v)
}
