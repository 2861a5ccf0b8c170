package service

import (
	"context"
	"encoding/json"
	"fmt"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

const (
	// maxBackupVersions bounds a backup, as the service does (docs/contract/wire.md).
	maxBackupVersions = 500
	// maxBackupBytes bounds what goes into one, so that what was given out can
	// be sent back: base64 twice, it stays below the limit of a restore.
	maxBackupBytes = 8 << 20
	// leastBackup is how many bytes a blob has at least to be asked for its
	// version: those of the service begin with a name of 39 bytes.
	leastBackup = 39
)

// A backup is a whole object as it stands in a blob. testdata holds blobs of
// every kind in the form of today: what was written must stay readable.
type backup struct {
	Head     vault.Object
	Versions []backupVersion
}

// A backupVersion is one version in each of its shapes; a plain key or secret
// has one.
type backupVersion struct {
	Certificate, Key, Secret *vault.Version
	Private                  []byte // of Key, opened
	Value                    []byte // of Secret, opened
}

// shape returns where the version of a kind stands.
func (v *backupVersion) shape(k vault.Kind) **vault.Version {
	switch k {
	case vault.Certificates:
		return &v.Certificate
	case vault.Keys:
		return &v.Key
	}
	return &v.Secret
}

// backupBinding ties a backup to nothing but its kind: it may be restored into
// any vault of a server with the same keyset.
func backupBinding(k vault.Kind) string { return "backup/" + string(k) + "/1" }

// Backup returns every version of an object as one sealed blob, of a
// certificate with keys and secrets.
func (s *Service) Backup(ctx context.Context, who vault.Caller, ref vault.Ref) ([]byte, error) {
	if err := s.enter(ctx, who, actions[ref.Kind].backup, ref); err != nil {
		return nil, err
	}
	var b backup
	err := s.Orders.SettleAndRead(ctx, ref, func(r vault.Reader, o vault.Object) (err error) {
		b, err = readBackup(r, ref, o)
		return err
	})
	if _, err = engine.One(b, err, vault.NoSuchObject(ref)); err != nil {
		return nil, err
	}
	for i := range b.Versions {
		if err := s.openBackup(&b.Versions[i]); err != nil {
			return nil, err
		}
	}
	plain, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("encode the backup of %s: %w", ref, err)
	}
	return s.backups.Seal(plain, backupBinding(ref.Kind))
}

func readBackup(r vault.Reader, ref vault.Ref, o vault.Object) (backup, error) {
	switch err := engine.Live(o, ref); {
	case err != nil:
		return backup{}, err
	case o.Managed:
		return backup{}, vault.ManagedObject(ref.Kind, "backup")
	case o.Pending():
		return backup{}, vault.Bad("Certificate %s has no completed version to back up.", ref.Name)
	}
	entries, err := r.Versions(o.Ref, "", maxBackupVersions+1)
	if err != nil {
		return backup{}, err
	}
	if len(entries) > maxBackupVersions {
		return backup{}, vault.Bad("%s %s has more than %d versions, which a backup cannot hold.", ref.Kind.Title(), ref.Name, maxBackupVersions)
	}
	size := 0
	b := backup{Head: vault.Object{Ref: o.Ref, Latest: o.Latest, Policy: o.Policy, Rotation: o.Rotation, Created: o.Created}, Versions: make([]backupVersion, len(entries))}
	for i, e := range entries {
		v, err := r.Version(o.Ref, e.ID)
		if err != nil {
			return b, fmt.Errorf("read version %s of %s: %w", e.ID, o.Ref, err)
		}
		if size += bodySize(v); size > maxBackupBytes {
			return b, vault.Bad("%s %s holds more than %d bytes, which a backup cannot hold.", ref.Kind.Title(), ref.Name, maxBackupBytes)
		}
		b.Versions[i].split(v)
	}
	return b, nil
}

// split puts a version into the shapes that a blob has.
func (b *backupVersion) split(v vault.Version) {
	for _, k := range shapes(v.Kind) {
		shape := v.As(k)
		shape.Managed = k != v.Kind
		shape.Certificate, shape.Key, shape.Secret = nil, nil, nil
		switch k {
		case vault.Certificates:
			shape.Certificate = v.Certificate
		case vault.Keys:
			key := *v.Key
			shape.Key = &key
		case vault.Secrets:
			secret := *v.Secret
			shape.Secret = &secret
		}
		*b.shape(k) = &shape
	}
}

// shapes are the kinds that belong together in a blob: a certificate with its key
// and secret; a plain key or secret alone.
func shapes(k vault.Kind) []vault.Kind {
	if k == vault.Certificates {
		return []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets}
	}
	return []vault.Kind{k}
}

// bodySize is about how many bytes a version brings into a backup.
func bodySize(v vault.Version) int {
	n := 1024 // names, dates, tags
	if c := v.Certificate; c != nil {
		n += len(c.Leaf)
		for _, der := range c.Chain {
			n += len(der)
		}
	}
	if v.Key != nil {
		n += len(v.Key.Private) + len(v.Key.Public)
	}
	if v.Secret != nil {
		n += len(v.Secret.Value)
	}
	return n
}

// openBackup takes the secrets of a version out of their seals.
func (s *Service) openBackup(v *backupVersion) (err error) {
	if k := v.Key; k != nil {
		if v.Private, err = s.Sealer.Open(k.Key.Private, vault.Binding(k.Ref, k.ID)); err != nil {
			return fmt.Errorf("open key %s: %w", k.Ref, err)
		}
		k.Key.Private = nil
	}
	if x := v.Secret; x != nil && x.Secret.Value != nil {
		if v.Value, err = s.Sealer.Open(x.Secret.Value, vault.Binding(x.Ref, x.ID)); err != nil {
			return fmt.Errorf("open secret %s: %w", x.Ref, err)
		}
		x.Secret.Value = nil
	}
	return nil
}
