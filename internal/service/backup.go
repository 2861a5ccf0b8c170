package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"certwright/internal/vault"
)

const (
	// maxBackupVersions bounds a backup, as the service does (CONTRACT section 9).
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

// BackupCertificate returns every version of a certificate, with keys and
// secrets, as one sealed blob.
func (s *Service) BackupCertificate(ctx context.Context, who vault.Caller, ref vault.Ref) ([]byte, error) {
	return s.backup(ctx, who, ref)
}

func (s *Service) backup(ctx context.Context, who vault.Caller, ref vault.Ref) ([]byte, error) {
	if err := s.enter(ctx, who, vault.Action(ref.Kind)+"/backup", ref); err != nil {
		return nil, err
	}
	if err := s.settle(ctx, ref); err != nil {
		return nil, err
	}
	var b backup
	err := s.Store.View(ctx, func(r vault.Reader) (err error) {
		b, err = readBackup(r, ref)
		return err
	})
	if err != nil {
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
	return s.Backups.Seal(plain, backupBinding(ref.Kind))
}

func readBackup(r vault.Reader, ref vault.Ref) (backup, error) {
	head, err := live(r, ref)
	switch {
	case err != nil:
		return backup{}, err
	case head.Managed:
		return backup{}, vault.ManagedObject(ref.Kind, "backup")
	case head.Pending:
		return backup{}, vault.Bad("Certificate %s has no completed version to back up.", ref.Name)
	}
	entries, err := r.Versions(head.Ref, "", maxBackupVersions+1)
	if err != nil {
		return backup{}, err
	}
	if len(entries) > maxBackupVersions {
		return backup{}, vault.Bad("%s %s has more than %d versions, which a backup cannot hold.", ref.Kind.Title(), ref.Name, maxBackupVersions)
	}
	size := 0
	b := backup{Head: head, Versions: make([]backupVersion, len(entries))}
	for i, e := range entries {
		for _, k := range shapes(ref.Kind) {
			v, err := r.Version(head.Ref.As(k), e.ID)
			if err != nil {
				return b, fmt.Errorf("read version %s of %s: %w", e.ID, head.Ref.As(k), err)
			}
			if size += bodySize(v); size > maxBackupBytes {
				return b, vault.Bad("%s %s holds more than %d bytes, which a backup cannot hold.", ref.Kind.Title(), ref.Name, maxBackupBytes)
			}
			*b.Versions[i].shape(k) = &v
		}
	}
	return b, nil
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
	if x := v.Secret; x != nil {
		if v.Value, err = s.Sealer.Open(x.Secret.Value, vault.Binding(x.Ref, x.ID)); err != nil {
			return fmt.Errorf("open secret %s: %w", x.Ref, err)
		}
		x.Secret.Value = nil
	}
	return nil
}

// RestoreCertificate brings a backup back with its version ids, dates, tags
// and policy. base is the vault's URL, for the text of the refusal where the
// name is in use.
func (s *Service) RestoreCertificate(ctx context.Context, who vault.Caller, vaultName, base string, blob []byte) (c Certificate, err error) {
	err = s.restore(ctx, who, vault.Ref{Vault: vaultName, Kind: vault.Certificates}, base, blob, s.reading(&c).then)
	return c, err
}

// restore writes what a blob holds, if no shape of its name is in use.
func (s *Service) restore(ctx context.Context, who vault.Caller, into vault.Ref, base string, blob []byte, read func(vault.Tx, vault.Object) error) error {
	if err := s.enter(ctx, who, vault.Action(into.Kind)+"/restore", into); err != nil {
		return err
	}
	b, err := s.readBlob(blob, into)
	if err != nil {
		return err
	}
	ref := b.Head.Ref
	return s.change(ctx, ref, func(tx vault.Tx) error {
		for _, k := range []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets} {
			_, taken, err := found(tx.Object(ref.As(k)))
			if err != nil {
				return err
			}
			if taken && (k == ref.Kind || ref.Kind == vault.Certificates || k == vault.Certificates) {
				return vault.RestoreConflict(ref.Kind, base+"/"+string(ref.Kind)+"/"+ref.Name+"/"+b.Head.Latest)
			}
		}
		if err := writeBackup(tx, b); err != nil {
			return err
		}
		head, err := tx.Object(ref)
		if err != nil {
			return err
		}
		if err := s.replanLife(tx, head.Ref); err != nil {
			return err
		}
		return read(tx, head)
	})
}

// readBlob opens a blob and seals its secrets again for the vault it comes into.
func (s *Service) readBlob(blob []byte, into vault.Ref) (backup, error) {
	var b backup
	if len(blob) < leastBackup {
		return b, vault.CorruptBackup()
	}
	plain, err := s.Backups.Open(blob, backupBinding(into.Kind))
	if err == nil {
		err = json.Unmarshal(plain, &b)
	}
	if err == nil && (b.Head.Kind != into.Kind || len(b.Versions) == 0) {
		err = errors.New("the blob holds nothing of the kind")
	}
	if err != nil {
		return b, vault.BadBackup().Because(err)
	}
	b.Head.Vault, b.Head.Rev, b.Head.Deletion = into.Vault, 0, nil
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
	if x := v.Secret; x != nil {
		x.Secret.Value, err = s.Sealer.Seal(v.Value, vault.Binding(x.Ref, x.ID))
	}
	return err
}

func writeBackup(tx vault.Tx, b backup) error {
	for _, k := range shapes(b.Head.Kind) {
		head := b.Head
		if k != head.Kind {
			head = vault.Object{Ref: b.Head.Ref.As(k), Latest: b.Head.Latest, Managed: true, Created: b.Head.Created}
		}
		if _, err := tx.PutObject(head); err != nil {
			return err
		}
		for _, v := range b.Versions {
			if err := tx.PutVersion(**v.shape(k)); err != nil {
				return err
			}
		}
	}
	return nil
}
