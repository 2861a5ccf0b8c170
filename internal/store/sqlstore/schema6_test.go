package sqlstore_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/seal"
	"certwright/internal/store/sqlstore"
	"certwright/internal/store/storetest"
	"certwright/internal/vault"
)

// testdata/schema6 holds a database as the last program with schema 6 wrote it:
// certificates of Self, Internal, Unknown and scripted issuers, in several
// versions, imported, on hold, rejected, cancelled, asking for approval, deleted,
// never completed and recovered; plain keys and secrets; messages to a dead
// sink; and in the vault "seeded" what is hard to get from outside. want.json.gz
// is what that program read of it, in the shape of today's objects and
// versions; keyset.json is its keyset.

// A past is what there was in a database.
type past struct {
	Objects       []vault.Object
	Versions      []vault.Version
	Live, Deleted map[string][]string // names in the lists of "vault/kind"
	Issuers       []vault.IssuerConfig
	Contacts      map[string][]vault.Contact
	Messages      []vault.Message
	Settings      map[string]string
	Accounts      []vault.Account
}

func unpack(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "schema6", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// schema6 returns a copy of the database, and what it must show.
func schema6(t testing.TB) (path string, want past) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "certwright.db")
	if err := os.WriteFile(path, unpack(t, "certwright.db.gz"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(unpack(t, "want.json.gz"), &want); err != nil {
		t.Fatal(err)
	}
	for i, o := range want.Objects { // what a completed operation keeps
		if o.Operation != nil && o.Operation.Status == vault.Completed {
			op := o.Operation.Complete(o.Operation.Target)
			want.Objects[i].Operation = &op
		}
	}
	return path, want
}

func TestUpgradeKeepsEverything(t *testing.T) {
	t.Parallel()
	path, want := schema6(t)
	s := openAt(t, path)
	checkPast(t, s, want)
	if err := s.IntegrityCheck(t.Context()); err != nil {
		t.Error(err)
	}
	s.Close()
	checkPast(t, openAt(t, path), want)
}

// checkPast compares all that a store shows with what there was.
func checkPast(t *testing.T, s vault.Store, want past) {
	t.Helper()
	same := func(what string, got, want any) {
		t.Helper()
		noJobs := cmp.FilterValues(func(a, b map[vault.JobKind]time.Time) bool { return len(a)+len(b) == 0 }, cmp.Ignore())
		if diff := cmp.Diff(want, got, noJobs); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	err := s.View(context.Background(), func(r vault.Reader) error {
		all, err := r.AllObjects(vault.Ref{}, 10_000)
		if err != nil {
			return err
		}
		for i := range all {
			if all[i].Rev <= 0 {
				t.Errorf("%s has rev %d", all[i].Ref, all[i].Rev)
			}
			if i < len(want.Objects) {
				all[i].Rev = want.Objects[i].Rev
			}
		}
		same("objects", all, want.Objects)
		for _, v := range want.Versions {
			seen := []vault.Version{v}
			if v.Kind == vault.Certificates {
				seen = append(seen, v.As(vault.Keys), v.As(vault.Secrets))
			}
			for _, v := range seen {
				got, err := r.Version(v.Ref, v.ID)
				if err != nil {
					t.Errorf("version %s of %s: %v", v.ID, v.Ref, err)
				}
				same("version of "+v.Ref.String(), got, v)
			}
		}
		for _, o := range want.Objects {
			var entries []vault.Entry
			for _, v := range want.Versions {
				if v.Ref == o.Ref {
					entries = append(entries, v.Entry())
				}
			}
			list, err := r.Versions(o.Ref, "", 10_000)
			if err != nil {
				return err
			}
			if len(list)+len(entries) > 0 {
				same("versions of "+o.Ref.String(), list, entries)
			}
		}
		return errors.Join(checkLists(r, want, same), checkRest(r, want, same))
	})
	if err != nil {
		t.Error(err)
	}
}

func checkLists(r vault.Reader, want past, same func(what string, got, want any)) error {
	for _, deleted := range []bool{false, true} {
		lists := want.Live
		if deleted {
			lists = want.Deleted
		}
		for place, names := range lists {
			ref := vault.Ref{Vault: filepath.Dir(place), Kind: vault.Kind(filepath.Base(place))}
			page, err := r.Objects(vault.ObjectsPage{Vault: ref.Vault, Kind: ref.Kind, Deleted: deleted, Limit: 1000})
			if err != nil {
				return err
			}
			got := []string{}
			for _, e := range page {
				if place != "seeded/keys" || e.Name != "no-key" { // was a certificate without a key
					got = append(got, e.Name)
				}
			}
			same("list of "+place, got, names)
		}
	}
	return nil
}

func checkRest(r vault.Reader, want past, same func(what string, got, want any)) error {
	var errs []error
	for _, c := range want.Issuers {
		got, err := r.Issuer(c.Vault, c.Name)
		same("issuer", got, c)
		errs = append(errs, err)
	}
	for name, list := range want.Contacts {
		got, err := r.Contacts(name)
		same("contacts", got, list)
		errs = append(errs, err)
	}
	for _, m := range want.Messages {
		got, err := r.Outbox(m.Sink, m.State, m.Seq-1, 1)
		same("message", got, []vault.Message{m})
		errs = append(errs, err)
	}
	for key, value := range want.Settings {
		got, err := r.Setting(key)
		same("setting", got, value)
		errs = append(errs, err)
	}
	for _, a := range want.Accounts {
		got, err := r.Account(a.ID)
		same("account", got, a)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// What was sealed opens under the keyset of then.
func TestUpgradeKeepsSeals(t *testing.T) {
	t.Parallel()
	path, want := schema6(t)
	text, err := os.ReadFile(filepath.Join("testdata", "schema6", "keyset.json"))
	if err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(filepath.Dir(path), "keyset.json")
	if err := os.WriteFile(keys, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, path)
	keyset, _, err := seal.Open(t.Context(), s, keys)
	if err != nil {
		t.Fatal(err)
	}
	opened := 0
	open := func(sealed vault.Sealed, binding string) {
		if sealed == nil {
			return
		}
		opened++
		if _, err := keyset.Open(sealed, binding); err != nil {
			t.Errorf("%s: %v", binding, err)
		}
	}
	err = s.View(t.Context(), func(r vault.Reader) error {
		for _, w := range want.Versions {
			if w.Vault == "seeded" { // nothing is sealed there
				continue
			}
			v, err := r.Version(w.Ref, w.ID)
			if err != nil {
				return err
			}
			if v.Key != nil {
				open(v.Key.Private, vault.Binding(v.Ref.As(vault.Keys), v.ID))
			}
			if v.Secret != nil {
				open(v.Secret.Value, vault.Binding(v.Ref.As(vault.Secrets), v.ID))
			}
		}
		orders, err := r.Orders(vault.InProgress, "default", vault.Ref{}, 100)
		for _, o := range orders {
			open(o.Operation.Private, vault.Binding(o.Ref, o.Operation.RequestID))
		}
		return err
	})
	if err != nil || opened < 40 {
		t.Errorf("%d values opened, %v", opened, err)
	}
}

// An upgrade that fails changes nothing, and is done once its cause is gone.
func TestUpgradeThatFails(t *testing.T) {
	t.Parallel()
	for where, row := range map[string]string{
		"at an object":     `policies SET body = %s WHERE vault = 'seeded' AND key = 'failed'`,
		"at the last body": `bodies SET body = %s WHERE id = (SELECT body FROM versions WHERE key = 'no-key' AND kind = 'certificates')`,
	} {
		path, want := schema6(t)
		execRaw(t, path, "UPDATE "+fmt.Sprintf(row, "body || '}'")) // no JSON
		before := tables(t, path)
		if s, err := sqlstore.Open(t.Context(), path); err == nil {
			s.Close()
			t.Fatalf("%s: opened", where)
		}
		if diff := cmp.Diff(before, tables(t, path)); diff != "" {
			t.Errorf("%s: the schema changed (-want +got):\n%s", where, diff)
		}
		execRaw(t, path, "UPDATE "+fmt.Sprintf(row, "substr(body, 1, length(body) - 1)"))
		checkPast(t, openAt(t, path), want)
	}
}

// Killed in the midst of an upgrade, the program does it at its next start.
func TestUpgradeThatIsKilled(t *testing.T) {
	t.Parallel()
	path, want := schema6(t)
	const many = 3000 // so that the transaction outgrows the cache and is on the disk in part
	execRaw(t, path, fmt.Sprintf(`
INSERT INTO objects (vault, kind, key, name, shelf, latest, managed, rev) VALUES ('zz', 'secrets', 'many', 'Many', 0, '000001', 0, 1);
WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < %d)
INSERT INTO bodies (id, body, raw) SELECT 1000000 + i, '{"v":1,"secret":{"value":4000}}', zeroblob(4000) FROM n;
INSERT INTO versions (vault, kind, key, id, name, enabled, managed, pending, subject, content_type, body)
SELECT 'zz', 'secrets', 'many', printf('%%06d', id - 1000000), 'Many', 1, 0, 0, '', '', id FROM bodies WHERE id > 1000000`, many))
	for _, megabytes := range []int64{1, 6} {
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), openFile+"="+path)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- child.Wait() }()
		look := time.NewTicker(time.Millisecond) // nothing tells how much of the log is written
		for written := int64(0); written < megabytes<<20; {
			if info, err := os.Stat(path + "-wal"); err == nil {
				written = info.Size()
			}
			select {
			case err := <-ended:
				t.Fatalf("the child ended by itself: %v", err)
			case <-look.C:
			}
		}
		look.Stop()
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err == nil {
			t.Fatal("the child ended by itself")
		}
		if got := tables(t, path); got[len(got)-1] != "version 6" {
			t.Fatalf("killed too late: %s", got[len(got)-1])
		}
	}
	s := openAt(t, path)
	big := vault.Ref{Vault: "zz", Kind: vault.Secrets, Name: "Many"}
	view := func(r vault.Reader) error {
		list, err := r.Versions(big, "", many+1)
		if len(list) != many {
			t.Errorf("%d versions, want %d", len(list), many)
		}
		for n := 1; n <= many && err == nil; n += 100 {
			var v vault.Version
			if v, err = r.Version(big, fmt.Sprintf("%06d", n)); err == nil && len(v.Secret.Value) != 4000 {
				t.Errorf("version %d has %d bytes", n, len(v.Secret.Value))
			}
		}
		return err
	}
	if err := s.View(t.Context(), view); err != nil {
		t.Error(err)
	}
	update(t, s, func(tx vault.Tx) error { return storetest.Purge(tx, big) })
	checkPast(t, s, want)
}

// tables returns the schema of a database and its version.
func tables(t *testing.T, path string) []string {
	t.Helper()
	db := raw(t, path)
	rows, err := db.Query(`SELECT coalesce(sql, name) FROM sqlite_schema UNION ALL SELECT 'version ' || user_version FROM pragma_user_version`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	list := []string{}
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		list = append(list, text)
	}
	return list
}
