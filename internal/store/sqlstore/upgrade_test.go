package sqlstore_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/store/sqlstore"
	"certwright/internal/vault"
)

// TestUpgradeKnowsTheKeysThatWereThere: list rows written before migration 2
// learn what their bodies say.
func TestUpgradeKnowsTheKeysThatWereThere(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "certwright.db")
	open := func() vault.Store {
		s, err := sqlstore.Open(context.Background(), path)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	rows := []vault.Version{
		{Ref: ref("hsm").As(vault.Keys), ID: "1", Key: &vault.KeyBody{Type: vault.ECHSM, Exportable: true}},
		{Ref: ref("soft").As(vault.Keys), ID: "2", Key: &vault.KeyBody{Type: vault.RSA}},
		{Ref: ref("word").As(vault.Secrets), ID: "3", Secret: &vault.SecretBody{ContentType: "text/plain"}},
	}
	update(t, s, func(tx vault.Tx) error {
		for _, v := range rows {
			if _, err := tx.PutObject(vault.Object{Ref: v.Ref, Latest: v.ID}); err != nil {
				return err
			}
			if err := tx.PutVersion(v); err != nil {
				return err
			}
		}
		return nil
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	execRaw(t, path, `ALTER TABLE versions DROP COLUMN key_type; ALTER TABLE versions DROP COLUMN exportable;
DROP TABLE lives; DROP INDEX outbox_due; DROP INDEX outbox_state; CREATE INDEX outbox_state ON outbox (state, seq);
ALTER TABLE outbox DROP COLUMN id; ALTER TABLE outbox DROP COLUMN sink; ALTER TABLE outbox DROP COLUMN due; DROP INDEX operations_underway; DROP INDEX operations_failed; ALTER TABLE operations DROP COLUMN status;
DELETE FROM goose_db_version WHERE version_id >= 2; PRAGMA user_version = 1`)
	s = open()
	defer s.Close()
	var got []vault.Entry
	err := s.View(context.Background(), func(r vault.Reader) error {
		for _, v := range rows {
			list, err := r.Versions(v.Ref, "", 2)
			if err != nil {
				return err
			}
			got = append(got, list...)
		}
		return nil
	})
	if diff := cmp.Diff([]vault.Entry{rows[0].Entry(), rows[1].Entry(), rows[2].Entry()}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// TestUpgradeHidesWhatBelongsToCertificates: heads of keys and secrets of
// deleted certificates that an older program wrote are no longer listed.
func TestUpgradeHidesWhatBelongsToCertificates(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "certwright.db")
	s, err := sqlstore.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	gone := &vault.Deletion{At: noon, PurgeAt: noon}
	update(t, s, func(tx vault.Tx) error {
		for _, o := range []vault.Object{
			{Ref: ref("plain").As(vault.Keys), Latest: "1", Deletion: gone},
			{Ref: ref("behind").As(vault.Keys), Latest: "1", Managed: true, Deletion: gone},
		} {
			if _, err := tx.PutObject(o); err != nil {
				return err
			}
		}
		return nil
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	execRaw(t, path, `UPDATE objects SET shelf = 2; DELETE FROM goose_db_version WHERE version_id >= 6; PRAGMA user_version = 5`)
	if s, err = sqlstore.Open(context.Background(), path); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = s.View(context.Background(), func(r vault.Reader) error {
		list, err := r.Objects(vault.ObjectsPage{Vault: ref("").Vault, Kind: vault.Keys, Deleted: true, Limit: 5})
		if err == nil && (len(list) != 1 || list[0].Name != "plain") {
			t.Errorf("listed %v", list)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
