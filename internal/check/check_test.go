package check_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"certwright/internal/account"
	"certwright/internal/check"
	"certwright/internal/must"
	"certwright/internal/seal"
	"certwright/internal/store/sqlstore"
	"certwright/internal/trust"
	"certwright/internal/vault"
)

const id = "11111111111111111111111111111111"

// folder makes a data folder whose store has what rows puts, sealed by its own
// keyset and by another.
func folder(t *testing.T, bind bool, rows func(tx vault.Tx, own, other vault.Sealer) error) string {
	t.Helper()
	data := t.TempDir()
	_, err := trust.Open(data)
	must.Do(t, err)
	store, err := sqlstore.Open(t.Context(), filepath.Join(data, sqlstore.File))
	must.Do(t, err)
	own, _, err := seal.Open(t.Context(), store, filepath.Join(data, seal.File))
	must.Do(t, err)
	other, err := seal.New()
	must.Do(t, err)
	if bind {
		keys, err := own.RowKeys()
		must.Do(t, err)
		_, err = store.Bind(t.Context(), keys, false)
		must.Do(t, err)
	}
	must.Do(t, store.Update(t.Context(), func(tx vault.Tx) error { return rows(tx, own, other) }))
	must.Do(t, store.Close())
	return data
}

// sealedRows puts a row of each kind that holds something sealed.
func sealedRows(tx vault.Tx, by vault.Sealer) error {
	sealed := func(binding string) vault.Sealed {
		s, err := by.Seal([]byte("plain"), binding)
		if err != nil {
			panic(err)
		}
		return s
	}
	web := vault.Ref{Vault: "web", Kind: vault.Certificates, Name: "Site"}
	op := &vault.Operation{Ref: web, RequestID: "r", Status: vault.InProgress, Private: sealed(vault.Binding(web, "r"))}
	version := vault.Version{Ref: web, ID: id, Certificate: &vault.CertificateBody{},
		Key: &vault.KeyBody{Private: sealed(vault.Binding(web.As(vault.Keys), id))}, Secret: &vault.SecretBody{Form: 1}}
	word := vault.Ref{Vault: "web", Kind: vault.Secrets, Name: "word"}
	for _, err := range []error{
		tx.PutObject(&vault.Object{Ref: web, Latest: id, Operation: op}), tx.PutVersion(version),
		tx.PutObject(&vault.Object{Ref: word, Latest: id}),
		tx.PutVersion(vault.Version{Ref: word, ID: id, Secret: &vault.SecretBody{Value: sealed(vault.Binding(word, id))}}),
		tx.PutIssuer(vault.IssuerConfig{Vault: "web", Name: "Ours", Credentials: &vault.Credentials{Password: sealed(vault.IssuerBinding("web", "Ours"))}}),
		tx.PutAccount(vault.Account{ID: "acme/a", Body: sealed(account.Binding("acme/a"))}),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func faults(t *testing.T, data string) (lines []string, r check.Report) {
	t.Helper()
	r, err := check.Folder(t.Context(), check.Request{Data: data})
	must.Do(t, err)
	for _, f := range r.Faults {
		if f.Hint == "" {
			t.Errorf("%s: no way out", f.What)
		}
		lines = append(lines, f.What+": "+f.Fault)
	}
	return lines, r
}

// Every seal is opened, each at its place.
func TestSealsAreOpened(t *testing.T) {
	t.Parallel()
	data := folder(t, true, func(tx vault.Tx, own, _ vault.Sealer) error { return sealedRows(tx, own) })
	before := contents(t, data)
	lines, r := faults(t, data)
	if len(lines) > 0 || r.Seals != 5 || r.Rows < 8 {
		t.Errorf("%d seals in %d rows: %q", r.Seals, r.Rows, lines)
	}
	if after := contents(t, data); !slices.Equal(before, after) {
		t.Errorf("the folder was changed: %q, then %q", before, after)
	}

	data = folder(t, true, func(tx vault.Tx, _, other vault.Sealer) error { return sealedRows(tx, other) })
	lines, _ = faults(t, data)
	want := []string{
		"object web/certificates/site: the key of its operation cannot be opened with this keyset",
		"version web/certificates/site/" + id + ": the private key cannot be opened with this keyset",
		"version web/secrets/word/" + id + ": the secret's value cannot be opened with this keyset",
		"issuer web/Ours: the password cannot be opened with this keyset",
		"account acme/a: what is sealed in it cannot be opened with this keyset",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

// Where no server has sealed the rows yet, that is one fault, with the way out.
func TestRowsWithoutSeals(t *testing.T) {
	t.Parallel()
	data := folder(t, false, func(tx vault.Tx, own, _ vault.Sealer) error { return sealedRows(tx, own) })
	lines, r := faults(t, data)
	if len(lines) != 1 || !strings.HasSuffix(lines[0], "rows bear no seal yet") || r.Faults[0].Hint != "start the server once, which seals them" {
		t.Errorf("%q", r.Faults)
	}
}

// A latest version that is not there is told of, though both rows bear their seals.
func TestDanglingLatest(t *testing.T) {
	t.Parallel()
	data := folder(t, true, func(tx vault.Tx, _, _ vault.Sealer) error {
		return tx.PutObject(&vault.Object{Ref: vault.Ref{Vault: "web", Kind: vault.Keys, Name: "app"}, Latest: id})
	})
	if lines, _ := faults(t, data); !slices.Equal(lines, []string{"object web/keys/app: its latest version is missing"}) {
		t.Errorf("%q", lines)
	}
}

// contents are the names, sizes and dates of the files of a folder but SQLite's
// index of the log, which a reader may make anew.
func contents(t *testing.T, data string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(data)
	must.Do(t, err)
	for _, e := range entries {
		info, err := e.Info()
		must.Do(t, err)
		if !strings.HasSuffix(e.Name(), "-shm") {
			list = append(list, e.Name()+" "+info.ModTime().String())
		}
	}
	return list
}
