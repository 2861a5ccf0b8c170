package service

import (
	"context"
	"encoding/json"
	"fmt"

	"certwright/internal/vault"
)

// backupBinding ties a backup to nothing but being one: it may be restored
// into any vault of a server with the same keyset.
const backupBinding = "backup/certificates/1"

// maxBackupVersions bounds a backup, as the service does (CONTRACT section 9).
const maxBackupVersions = 500

// A backup is a whole certificate as it stands in a blob. testdata/backup-1.json
// holds its form: what was written must stay readable.
type backup struct {
	Head     vault.Object
	Versions []backupVersion
}

type backupVersion struct {
	Certificate, Key, Secret vault.Version
	Private                  []byte // PKCS#8, opened
	Value                    []byte // of the secret, opened
}

// BackupCertificate returns every version of a certificate, with keys and
// secrets, as one sealed blob.
func (s *Service) BackupCertificate(ctx context.Context, who vault.Caller, ref vault.Ref) ([]byte, error) {
	if err := s.enter(ctx, who, "certificates/backup", ref); err != nil {
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
	return s.Backups.Seal(plain, backupBinding)
}

func readBackup(r vault.Reader, ref vault.Ref) (backup, error) {
	head, err := live(r, ref)
	if err != nil {
		return backup{}, err
	}
	if head.Pending {
		return backup{}, vault.Bad("Certificate %s has no completed version to back up.", ref.Name)
	}
	entries, err := r.Versions(head.Ref, "", maxBackupVersions+1)
	if err != nil {
		return backup{}, err
	}
	if len(entries) > maxBackupVersions {
		return backup{}, vault.Bad("Certificate %s has more than %d versions, which a backup cannot hold.", ref.Name, maxBackupVersions)
	}
	b := backup{Head: head}
	for _, e := range entries {
		var v backupVersion
		for kind, to := range map[vault.Kind]*vault.Version{vault.Certificates: &v.Certificate, vault.Keys: &v.Key, vault.Secrets: &v.Secret} {
			if *to, err = r.Version(head.Ref.As(kind), e.ID); err != nil {
				return b, fmt.Errorf("read %s of %s: %w", kind, head.Ref, err)
			}
		}
		b.Versions = append(b.Versions, v)
	}
	return b, nil
}

func (s *Service) openBackup(v *backupVersion) (err error) {
	if v.Private, err = s.Sealer.Open(v.Key.Key.Private, vault.Binding(v.Key.Ref, v.Key.ID)); err != nil {
		return fmt.Errorf("open key %s: %w", v.Key.Ref, err)
	}
	if v.Value, err = s.Sealer.Open(v.Secret.Secret.Value, vault.Binding(v.Secret.Ref, v.Secret.ID)); err != nil {
		return fmt.Errorf("open secret %s: %w", v.Secret.Ref, err)
	}
	v.Key.Key.Private, v.Secret.Secret.Value = nil, nil
	return nil
}

// RestoreCertificate brings a backup back with its version ids, dates, tags
// and policy. base is the vault's URL, for the text of the refusal where the
// name is in use.
func (s *Service) RestoreCertificate(ctx context.Context, who vault.Caller, vaultName, base string, blob []byte) (Certificate, error) {
	if err := s.enter(ctx, who, "certificates/restore", vault.Ref{Vault: vaultName, Kind: vault.Certificates}); err != nil {
		return Certificate{}, err
	}
	b, err := s.readBlob(blob, vaultName)
	if err != nil {
		return Certificate{}, err
	}
	ref := b.Head.Ref
	var c Certificate
	err = s.change(ctx, ref, func(tx vault.Tx) error {
		for _, k := range together {
			_, taken, err := found(tx.Object(ref.As(k)))
			if err != nil {
				return err
			}
			if taken {
				return vault.RestoreConflict(ref.Kind, base+"/"+string(ref.Kind)+"/"+ref.Name)
			}
		}
		if err := writeBackup(tx, b); err != nil {
			return err
		}
		head, err := tx.Object(ref)
		if err == nil {
			c, err = s.certificate(tx, head, "")
		}
		return err
	})
	return c, err
}

// readBlob opens a blob and seals its secrets again for the vault it comes into.
func (s *Service) readBlob(blob []byte, vaultName string) (backup, error) {
	plain, err := s.Backups.Open(blob, backupBinding)
	if err != nil {
		return backup{}, vault.BadBackup().Because(err)
	}
	var b backup
	if err := json.Unmarshal(plain, &b); err != nil {
		return b, vault.BadBackup().Because(err)
	}
	b.Head.Vault, b.Head.Rev, b.Head.Deletion = vaultName, 0, nil
	if b.Head.Policy.X509.SANs.Empty() {
		b.Head.Policy.X509.SANs = nil // as recorded: "sans":{} is gone after a restore
	}
	for i := range b.Versions {
		v := &b.Versions[i]
		v.Certificate.Vault, v.Key.Vault, v.Secret.Vault = vaultName, vaultName, vaultName
		if v.Key.Key.Private, err = s.Sealer.Seal(v.Private, vault.Binding(v.Key.Ref, v.Key.ID)); err != nil {
			return b, err
		}
		if v.Secret.Secret.Value, err = s.Sealer.Seal(v.Value, vault.Binding(v.Secret.Ref, v.Secret.ID)); err != nil {
			return b, err
		}
	}
	return b, nil
}

func writeBackup(tx vault.Tx, b backup) error {
	if _, err := tx.PutObject(b.Head); err != nil {
		return err
	}
	for _, k := range []vault.Kind{vault.Keys, vault.Secrets} {
		head := vault.Object{Ref: b.Head.Ref.As(k), Latest: b.Head.Latest, Managed: true, Created: b.Head.Created}
		if _, err := tx.PutObject(head); err != nil {
			return err
		}
	}
	for _, v := range b.Versions {
		for _, version := range []vault.Version{v.Certificate, v.Key, v.Secret} {
			if err := tx.PutVersion(version); err != nil {
				return err
			}
		}
	}
	return nil
}
