package service

import (
	"cmp"
	"context"
	"crypto/rand"

	"certwright/internal/engine"
	"certwright/internal/keys"
	"certwright/internal/vault"
)

// maxRandom bounds the bytes of one call of RandomBytes (specification of GetRandomBytes).
const maxRandom = 128

// A usable key is a version with its key parsed, good as long as the name's epoch.
type usable struct {
	epoch   uint64
	version vault.Version
	key     keys.Key
}

// usableKeys is how many parsed keys are kept ready for use.
const usableKeys = 1024

// Use does one operation with a key version, the latest for id "": op is one of
// key_ops. Enabled, dates and key_ops decide whether it may.
func (s *Keys) Use(ctx context.Context, who vault.Caller, ref vault.Ref, id, op string, in CryptoInput) (CryptoResult, error) {
	t, err := s.typeOf(ctx, ref, id)
	if err != nil {
		return CryptoResult{}, err
	}
	if err := s.enter(ctx, who, useKey(op, t), ref); err != nil {
		return CryptoResult{}, err
	}
	u, err := s.usable(ctx, ref, id)
	if err != nil {
		return CryptoResult{}, err
	}
	if do := useKey(op, u.version.Key.Type); do != useKey(op, t) { // a version of another type came between
		if err := s.enter(ctx, who, do, ref); err != nil {
			return CryptoResult{}, err
		}
	}
	if err := keys.MayDo(op, u.version.Key.Operations, u.version.Attributes, s.Now()); err != nil {
		return CryptoResult{}, err
	}
	out := CryptoResult{Key: u.version.Ref, ID: u.version.ID}
	switch op {
	case vault.OpSign:
		out.Value, err = u.key.Sign(in.Alg, in.Value)
		return out, err
	case vault.OpVerify:
		out.Valid, err = u.key.Verify(in.Alg, in.Digest, in.Value)
		return out, err
	}
	return out, u.crypt(op, in, &out)
}

// crypt does the operations that turn bytes into bytes.
func (u usable) crypt(op string, in CryptoInput, out *CryptoResult) error {
	do := map[string]func(keys.Input) (keys.Output, error){vault.OpEncrypt: u.key.Encrypt, vault.OpDecrypt: u.key.Decrypt,
		vault.OpWrapKey: u.key.Wrap, vault.OpUnwrapKey: u.key.Unwrap}[op]
	got, err := do(keys.Input{Alg: in.Alg, Value: in.Value, IV: in.IV, AAD: in.AAD, Tag: in.Tag})
	out.Value, out.IV, out.AAD, out.Tag = got.Value, got.IV, in.AAD, got.Tag
	return err
}

// typeOf returns the type of a key version, which its permission depends on; ""
// where there is none, as of a certificate that is not complete. It changes
// nothing and asks nobody.
func (s *Keys) typeOf(ctx context.Context, ref vault.Ref, id string) (t vault.KeyType, err error) {
	if u, ok := s.parsed.Get(ref.String() + "/" + id); ok && u.epoch == s.Epoch(ctx, ref) {
		return u.version.Key.Type, nil
	}
	if vault.CheckName(ref.Name) != nil {
		return "", nil // it is refused where permission is asked for
	}
	err = s.Store.View(ctx, func(r vault.Reader) error {
		o, there, err := engine.Found(r.Object(ref))
		if err != nil || !there || o.Managed {
			return err
		}
		v, there, err := engine.Found(r.Version(o.Ref, cmp.Or(id, o.Latest)))
		if there && v.Key != nil {
			t = v.Key.Type
		}
		return err
	})
	return t, err
}

// usable returns a version with its key parsed, reading neither again while
// nothing about the name was written.
func (s *Keys) usable(ctx context.Context, ref vault.Ref, id string) (usable, error) {
	epoch := s.Epoch(ctx, ref)
	place := ref.String() + "/" + id
	if u, ok := s.parsed.Get(place); ok && u.epoch == epoch {
		return u, nil
	}
	b, err := s.read(ctx, ref, id)
	if err != nil {
		return usable{}, err
	}
	v := b.Version
	u := usable{epoch: epoch, version: v}
	if u.key, err = s.keyOf(v, place); err != nil {
		return usable{}, err
	}
	s.parsed.Add(place, u)
	if named := v.Ref.String() + "/" + v.ID; named != place {
		s.parsed.Add(named, u)
	}
	return u, nil
}

// keyOf returns the key of a version: parsed already, under the place asked for
// or under its own, or parsed now.
func (s *Keys) keyOf(v vault.Version, place string) (keys.Key, error) {
	for _, at := range []string{place, v.Ref.String() + "/" + v.ID} {
		if u, ok := s.parsed.Get(at); ok && u.version.ID == v.ID {
			return u.key, nil
		}
	}
	key, err := s.parsedKey(v)
	return key.Named(v.Name + "/" + v.ID), err
}

// RandomBytes returns count random bytes; only a vault configured as an HSM does.
func (s *Keys) RandomBytes(ctx context.Context, who vault.Caller, vaultName string, count int) ([]byte, error) {
	if err := s.enter(ctx, who, randomBytes, vault.Ref{Vault: vaultName, Kind: vault.Keys}); err != nil {
		return nil, err
	}
	if !s.Settings(vaultName).HSM {
		return nil, vault.NoRoute("/rng")
	}
	if count < 1 || count > maxRandom {
		return nil, vault.Bad("count must be 1 to %d.", maxRandom)
	}
	b := make([]byte, count)
	rand.Read(b) // never fails (crypto/rand)
	return b, nil
}

// Release refuses: there is no attestation service that could say where a
// key may go. A key that is not exportable is refused as the service does.
func (s *Keys) Release(ctx context.Context, who vault.Caller, ref vault.Ref, id string) error {
	if err := s.enter(ctx, who, releaseKey, ref); err != nil {
		return err
	}
	b, err := s.read(ctx, ref, id)
	if err != nil {
		return err
	}
	if !b.Version.Key.Exportable {
		return vault.NotExportable()
	}
	return vault.NoAttestation()
}
