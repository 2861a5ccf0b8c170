package service

import (
	"context"
	"encoding/json"
	"errors"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// Restore brings a backup back with its version ids, dates, tags and policy, if
// no shape of its name is in use; where one is, the error is a *Taken.
func (s *Service) Restore(ctx context.Context, who vault.Caller, vaultName string, kind vault.Kind, blob []byte) (b Bundle, err error) {
	into := vault.Ref{Vault: vaultName, Kind: kind}
	if err := s.enter(ctx, who, actions[kind].restore, into); err != nil {
		return b, err
	}
	from, err := s.readBlob(blob, into)
	if err != nil {
		return b, err
	}
	ref := from.Head.Ref
	err = s.ChangeAnew(ctx, ref, func(tx vault.Tx) (err error) {
		b, err = s.restored(tx, from)
		return err
	})
	if err == nil {
		s.Poke()
	}
	return b, err
}

// restored stores a backup and reads what is back.
func (s *Service) restored(tx vault.Tx, from backup) (b Bundle, err error) {
	o := from.Head
	if err := mayRestore(tx, o); err != nil {
		return b, err
	}
	if err := s.MayGrow(tx, o); err != nil { // of a name; its versions were there before
		return b, err
	}
	if err := writeBackup(tx, &o, from); err != nil {
		return b, err
	}
	if b, err = s.resume(tx, &o); err != nil {
		return b, err
	}
	return b, tx.PutObject(&o)
}

// A Taken says that an object cannot be restored, because its name is in use.
// It is a vault.RestoreConflict that names the object by its path; who knows
// the vault's URL makes one that names it in full.
type Taken struct {
	Ref vault.Ref
	ID  string // the version that was to be the current one
}

// Error returns the refusal's text.
func (t *Taken) Error() string { return t.Unwrap().Error() }

// Unwrap returns the refusal.
func (t *Taken) Unwrap() error {
	return vault.RestoreConflict(t.Ref.Kind, "/"+string(t.Ref.Kind)+"/"+t.Ref.Name+"/"+t.ID)
}

// mayRestore refuses where a certificate, key or secret has the name already
// that would be in the way.
func mayRestore(r vault.Reader, head vault.Object) error {
	for _, k := range []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets} {
		_, taken, err := engine.Found(r.Object(head.Ref.As(k)))
		if err != nil {
			return err
		}
		if taken && (k == head.Kind || head.Kind == vault.Certificates || k == vault.Certificates) {
			return &Taken{head.Ref, head.Latest}
		}
	}
	return nil
}

// readBlob opens a blob and seals its secrets again for the vault it comes into.
func (s *Service) readBlob(blob []byte, into vault.Ref) (backup, error) {
	var b backup
	if len(blob) < leastBackup {
		return b, vault.CorruptBackup()
	}
	plain, err := s.backups.Open(blob, backupBinding(into.Kind))
	if err == nil {
		err = json.Unmarshal(plain, &b)
	}
	if err == nil && (b.Head.Kind != into.Kind || len(b.Versions) == 0) {
		err = errors.New("the blob holds nothing of the kind")
	}
	if err != nil {
		return b, vault.BadBackup().Because(err)
	}
	b.Head = vault.Object{Ref: b.Head.Ref, Latest: b.Head.Latest, Policy: b.Head.Policy, Rotation: b.Head.Rotation, Created: b.Head.Created}
	b.Head.Vault = into.Vault
	if b.Head.Policy != nil && b.Head.Policy.X509.SANs.Empty() {
		b.Head.Policy.X509.SANs = nil // as recorded: "sans":{} is gone after a restore
	}
	for i := range b.Versions {
		if err := s.sealBackup(&b.Versions[i], into); err != nil {
			return b, err
		}
	}
	return b, nil
}

// sealBackup seals the secrets of a version for the vault it comes into.
func (s *Service) sealBackup(v *backupVersion, into vault.Ref) (err error) {
	for _, k := range shapes(into.Kind) {
		shape := *v.shape(k)
		if shape == nil {
			return vault.BadBackup()
		}
		shape.Vault = into.Vault
	}
	if k := v.Key; k != nil {
		if k.Key.Private, err = s.Sealer.Seal(v.Private, vault.Binding(k.Ref, k.ID)); err != nil {
			return err
		}
	}
	if x := v.Secret; x != nil && x.Secret.Form == 0 {
		x.Secret.Value, err = s.Sealer.Seal(v.Value, vault.Binding(x.Ref, x.ID))
	}
	return err
}

func writeBackup(tx vault.Tx, o *vault.Object, b backup) error {
	if err := tx.PutObject(o); err != nil {
		return err
	}
	for _, v := range b.Versions {
		if err := tx.PutVersion(v.joined(o.Ref)); err != nil {
			return err
		}
	}
	return nil
}

// joined is the version in the shape that is stored.
func (v *backupVersion) joined(ref vault.Ref) vault.Version {
	one := **v.shape(ref.Kind)
	one.Ref = ref
	if ref.Kind == vault.Certificates {
		one.Key, one.Secret = v.Key.Key, v.Secret.Secret
	}
	return one
}
