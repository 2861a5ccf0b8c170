package sqlstore_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"certwright/internal/vault"
)

// oldDatabase makes a database as the program of an older schema left it, with
// the rows that text inserts.
func oldDatabase(t *testing.T, schema int64, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "certwright.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS("migrations/sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), schema); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"PRAGMA application_id = 0x43745772", "PRAGMA user_version = " + string('0'+rune(schema)), text} {
		if _, err := db.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return path
}

// TestUpgradeKnowsTheKeysThatWereThere: list rows written before schema 2 learn
// what their bodies say.
func TestUpgradeKnowsTheKeysThatWereThere(t *testing.T) {
	t.Parallel()
	s := openAt(t, oldDatabase(t, 1, `
INSERT INTO objects (vault, kind, key, name, shelf, latest, managed, rev) VALUES
	('web', 'keys', 'hsm', 'Hsm', 0, '1', 0, 1), ('web', 'keys', 'soft', 'soft', 0, '2', 0, 1), ('web', 'secrets', 'word', 'word', 0, '3', 0, 1);
INSERT INTO versions (vault, kind, key, id, name, enabled, managed, pending, subject, content_type, body) VALUES
	('web', 'keys', 'hsm', '1', 'Hsm', 1, 0, 0, '', '', 11), ('web', 'keys', 'soft', '2', 'soft', 0, 0, 0, '', '', 12), ('web', 'secrets', 'word', '3', 'word', 1, 0, 0, '', 'text/plain', 13);
INSERT INTO bodies (id, body, raw) VALUES
	(11, '{"v":1,"key":{"kty":"EC-HSM","exportable":true,"private":3}}', 'key'), (12, '{"v":1,"key":{"kty":"RSA"}}', ''), (13, '{"v":1,"secret":{"value":5}}', 'value');`))
	want := []vault.Version{
		{Ref: ref("Hsm").As(vault.Keys), ID: "1", Attributes: vault.Attributes{Enabled: true}, Key: &vault.KeyBody{Type: vault.ECHSM, Exportable: true, Private: vault.Sealed("key")}},
		{Ref: ref("soft").As(vault.Keys), ID: "2", Key: &vault.KeyBody{Type: vault.RSA}},
		{Ref: ref("word").As(vault.Secrets), ID: "3", Attributes: vault.Attributes{Enabled: true}, Secret: &vault.SecretBody{ContentType: "text/plain", Value: vault.Sealed("value")}},
	}
	err := s.View(context.Background(), func(r vault.Reader) error {
		for _, v := range want {
			got, err := r.Version(v.Ref, v.ID)
			if diff := cmp.Diff(v, got); diff != "" || err != nil {
				t.Errorf("%s: %v (-want +got):\n%s", v.Ref, err, diff)
			}
			list, err := r.Versions(v.Ref, "", 2)
			if diff := cmp.Diff([]vault.Entry{v.Entry()}, list); diff != "" || err != nil {
				t.Errorf("%s: %v (-want +got):\n%s", v.Ref, err, diff)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
