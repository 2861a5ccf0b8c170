package service

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"

	"certwright/internal/certs"
	"certwright/internal/engine"
	"certwright/internal/policy"
	"certwright/internal/schedule"
	"certwright/internal/vault"
)

const (
	maxSecret      = 25 * 1024 // bytes (docs/contract/wire.md)
	maxContentType = 255
)

// Get is the Service's Get of a secret whose value is wanted in another form:
// of a PFX, PEM. "" is the form that it has.
func (s *Secrets) Get(ctx context.Context, who vault.Caller, ref vault.Ref, id, form string) (Bundle, error) {
	if err := s.MayGet(ctx, who, ref); err != nil {
		return Bundle{}, err
	}
	b, err := s.read(ctx, ref, id)
	if err == nil {
		b, err = s.opened(b)
	}
	form = policy.SpelledType(form)
	if err != nil || form == "" || form == b.Version.Secret.ContentType {
		return b, err
	}
	return s.converted(ctx, b, form)
}

// opened adds a secret's value. A disabled one keeps it to itself; one outside
// its dates does not (docs/contract/keys-and-secrets.md).
func (s *shared) opened(b Bundle) (Bundle, error) {
	v := b.Version
	if !v.Attributes.Enabled {
		return Bundle{}, vault.DisabledObject(vault.Secrets, "get")
	}
	var err error
	b.Value, err = s.value(v, v.Secret.ContentType)
	return b, err
}

// value is the value of a secret: as it is stored or, of a certificate, written
// from key and chain. A key that is not exportable stays out of it
// (docs/contract/keys-and-secrets.md).
func (s *shared) value(v vault.Version, contentType string) (string, error) {
	form := certs.SecretForm(v.Secret.Form)
	if form == 0 && contentType == v.Secret.ContentType {
		value, err := s.Sealer.Open(v.Secret.Value, vault.Binding(v.Ref, v.ID))
		if err != nil {
			return "", fmt.Errorf("open secret %s: %w", v.Ref, err)
		}
		return string(value), nil
	}
	var private []byte
	if v.Key.Exportable {
		var err error
		if private, err = s.Sealer.Open(v.Key.Private, vault.Binding(v.Ref.As(vault.Keys), v.ID)); err != nil {
			return "", fmt.Errorf("open the key of secret %s: %w", v.Ref, err)
		}
	}
	return certs.SecretValue(private, v.Certificate.Leaf, v.Certificate.Chain, contentType, v.ID, cmp.Or(form, certs.SecretForm3DES))
}

// converted gives a PFX out as PEM, the one conversion there is (docs/contract/wire.md).
func (s *Secrets) converted(ctx context.Context, got Bundle, out string) (Bundle, error) {
	if out != vault.PEM || got.Version.Secret.ContentType != vault.PKCS12 {
		return got, vault.Bad("outContentType can only turn %s into %s.", vault.PKCS12, vault.PEM)
	}
	var err error
	if got.Version.Managed {
		got.Value, err = s.value(got.Version, vault.PEM)
	} else {
		got.Value, err = pfxToPEM(ctx, got.Value)
	}
	body := *got.Version.Secret
	body.ContentType, got.Version.Secret = vault.PEM, &body
	return got, err
}

func pfxToPEM(ctx context.Context, value string) (string, error) {
	der, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return "", vault.BadPFX().Because(err)
	}
	b, err := certs.ReadPFX(ctx, der, "")
	if err != nil {
		return "", err
	}
	return certs.WritePEM(&b.Key, certs.Order(b.Chain, b.Leaf))
}

// Set stores a value as a new version of a plain secret.
func (s *Secrets) Set(ctx context.Context, who vault.Caller, ref vault.Ref, in SecretInput) (Bundle, error) {
	if err := s.enter(ctx, who, actions[vault.Secrets].create, ref); err != nil {
		return Bundle{}, err
	}
	if err := in.check(); err != nil {
		return Bundle{}, err
	}
	now := s.Now()
	v := vault.Version{Ref: ref, ID: vault.NewID(), Tags: in.Tags, Attributes: in.Attributes.apply(vault.Attributes{Enabled: true, Created: now}, now)}
	sealed, err := s.Sealer.Seal([]byte(in.Value), vault.Binding(ref, v.ID))
	if err != nil {
		return Bundle{}, err
	}
	v.Secret = &vault.SecretBody{ContentType: in.ContentType, Value: sealed}
	err = s.ChangeAnew(ctx, ref, func(tx vault.Tx) (err error) {
		v, err = s.addVersion(tx, addition{v: v, verb: "set"})
		return err
	})
	if err == nil && !v.Attributes.Expires.IsZero() {
		s.Poke()
	}
	return Bundle{Version: v, Value: in.Value, Settings: s.Settings(ref.Vault)}, err
}

func (in SecretInput) check() error {
	if len(in.Value) > maxSecret {
		return vault.Bad("value is longer than %d bytes.", maxSecret)
	}
	if len(in.ContentType) > maxContentType {
		return vault.Bad("contentType is longer than %d characters.", maxContentType)
	}
	return in.Attributes.check()
}

// Update changes content type, attributes and tags of a plain secret's
// version, the latest for id "".
func (s *Secrets) Update(ctx context.Context, who vault.Caller, ref vault.Ref, id string, in SecretUpdate) (Bundle, error) {
	if err := s.enter(ctx, who, actions[vault.Secrets].update, ref); err != nil {
		return Bundle{}, err
	}
	if in.ContentType != nil && len(*in.ContentType) > maxContentType {
		return Bundle{}, vault.Bad("contentType is longer than %d characters.", maxContentType)
	}
	v, err := s.updatePlain(ctx, ref, id, in.Attributes, in.Tags, func(v *vault.Version) error {
		if in.ContentType != nil {
			body := *v.Secret
			body.ContentType, v.Secret = *in.ContentType, &body
		}
		return nil
	})
	return Bundle{Version: v, Settings: s.Settings(ref.Vault)}, err
}

// updatePlain changes a version of a plain key or secret, once it may.
func (s *shared) updatePlain(ctx context.Context, ref vault.Ref, id string, attrs AttributesInput, tags map[string]string,
	edit func(*vault.Version) error) (v vault.Version, err error) {
	if err := attrs.check(); err != nil {
		return v, err
	}
	now := s.Now()
	err = s.editLive(ctx, ref, func(tx vault.Tx, o *vault.Object) error {
		if o.Managed {
			return vault.ManagedObject(ref.Kind, "update")
		}
		if v, err = engine.Version(tx, *o, id); err != nil {
			return err
		}
		was := v.Attributes.Expires
		v.Attributes = attrs.apply(v.Attributes, now)
		if tags != nil {
			v.Tags = tags
		}
		if err := edit(&v); err != nil {
			return err
		}
		if err := rewrite(tx, v); err != nil || v.Attributes.Expires.Equal(was) || v.ID != o.Latest {
			return err // clients send the date that is there along with every edit
		}
		if ref.Kind == vault.Keys {
			schedule.PlanRotation(o, v)
		}
		s.Scheduler.Restart(o, v)
		return nil
	})
	if err == nil && attrs.Expires != nil {
		s.Poke() // what is due by the expiry is due at another time
	}
	return v, err
}
