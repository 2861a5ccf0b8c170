package sqlstore_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"certwright/internal/seal"
	"certwright/internal/store/storetest"
	"certwright/internal/vault"
)

// No sealed value can be read in the files, neither while the store is open nor
// after; and a marker that was not sealed is found, so that the search is real.
func TestNoPlaintextInTheFiles(t *testing.T) {
	t.Parallel()
	const secret, plain = "PLAINTEXT-OF-A-PRIVATE-KEY", "an-open-tag-value"
	dir := t.TempDir()
	s := openAt(t, filepath.Join(dir, "certwright.db"))
	keyset, _, err := seal.Open(t.Context(), s, filepath.Join(dir, "keyset.json"))
	if err != nil {
		t.Fatal(err)
	}
	sealed := func(binding string) vault.Sealed {
		t.Helper()
		out, err := keyset.Seal([]byte(secret), binding)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	key, password := sealed(vault.Binding(ref("a"), "1")), sealed(vault.IssuerBinding("web", "i"))
	issuer := vault.IssuerConfig{Vault: "web", Name: "i", Credentials: &vault.Credentials{AccountID: plain, Password: password}}
	update(t, s, func(tx vault.Tx) error {
		v := vault.Version{Ref: ref("a"), ID: "1", Tags: map[string]string{"x": plain}, Certificate: &vault.CertificateBody{Subject: plain},
			Key: &vault.KeyBody{Private: key}, Secret: &vault.SecretBody{Value: key}}
		o := vault.Object{Ref: ref("a"), Operation: &vault.Operation{Ref: ref("a"), Private: key, Issuer: &issuer, Staged: &v}}
		return errors.Join(tx.PutObject(&o), tx.PutVersion(v), tx.PutIssuer(issuer), tx.PutAccount(vault.Account{ID: "ca", Body: key}))
	})
	found := func() (files int, open bool) {
		t.Helper()
		names, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("%s shows the plaintext", filepath.Base(name))
			}
			open = open || bytes.Contains(text, []byte(plain))
		}
		return len(names), open
	}
	if files, open := found(); files != 4 || !open {
		t.Errorf("looked through %d files, want the database, -wal, -shm and the keyset; open marker found: %v", files, open)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, open := found(); !open {
		t.Error("after Close the open marker is not found")
	}
}

// What is purged or reset cannot be found in the files once the store is closed.
func TestPurgedIsGoneFromTheFiles(t *testing.T) {
	t.Parallel()
	removals := map[string]func(s vault.Store) error{
		"purge": func(s vault.Store) error {
			return s.Update(t.Context(), func(tx vault.Tx) error {
				for n := range 20 {
					if err := storetest.Purge(tx, ref(name(n))); err != nil {
						return err
					}
				}
				return nil
			})
		},
		"reset": func(s vault.Store) error { return s.Reset(t.Context()) },
	}
	for how, remove := range removals {
		path := filepath.Join(t.TempDir(), "certwright.db")
		s := openAt(t, path)
		value := bytes.Repeat([]byte("to-be-purged "), 700) // several pages
		update(t, s, func(tx vault.Tx) error {
			for n := range 20 {
				v := vault.Version{Ref: ref(name(n)), ID: "1", Tags: map[string]string{"x": "to-be-purged "}, Secret: &vault.SecretBody{Value: value}}
				o := vault.Object{Ref: v.Ref, Operation: &vault.Operation{Ref: v.Ref, State: value, Staged: &v}}
				if err := errors.Join(tx.PutObject(&o), tx.PutVersion(v)); err != nil {
					return err
				}
			}
			return tx.PutSetting("kept", "what-stays")
		})
		if err := remove(s); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(text, []byte("to-be-purged ")); n > 0 {
			t.Errorf("%s: left %d times", how, n)
		}
		if !bytes.Contains(text, []byte("what-stays")) {
			t.Errorf("%s: what was kept is not found", how)
		}
	}
}
