package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore"
	"certwright/internal/vault"
)

const one, two = "11111111111111111111111111111111", "22222222222222222222222222222222"

// wellKept returns a database with rows of all kinds, each bound.
func wellKept(t *testing.T) (path string, s *sqlstore.Store) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "certwright.db")
	s = bound(t, openAt(t, path))
	must.Do(t, s.Update(t.Context(), wellKeptRows))
	return path, s
}

func wellKeptRows(tx vault.Tx) error {
	a := vault.Attributes{Enabled: true, Created: noon, Updated: noon}
	web, app := ref("web"), ref("app").As(vault.Keys)
	version := func(id, public string) vault.Version {
		return vault.Version{Ref: web, ID: id, Attributes: a, Tags: map[string]string{"team": "web"},
			Certificate: &vault.CertificateBody{Leaf: []byte(public), Chain: [][]byte{[]byte(public)}, Thumbprint: []byte(id), Subject: "CN=" + public},
			Key:         &vault.KeyBody{Type: vault.RSA, Public: []byte("public key of " + public), Private: vault.Sealed("sealed")},
			Secret:      &vault.SecretBody{ContentType: vault.PKCS12, Form: 1}}
	}
	return errors.Join(
		tx.PutObject(&vault.Object{Ref: web, Latest: two, Created: noon, Jobs: map[vault.JobKind]time.Time{vault.JobSchedule: noon.AddDate(0, 0, 9)}}),
		tx.PutVersion(version(one, "old")), tx.PutVersion(version(two, "new")),
		tx.PutObject(&vault.Object{Ref: app, Latest: one, Created: noon}),
		tx.PutVersion(vault.Version{Ref: app, ID: one, Attributes: a, Key: &vault.KeyBody{Type: vault.RSA, Public: []byte("public")}}),
		tx.PutIssuer(vault.IssuerConfig{Vault: "web", Name: "Ours", Provider: "ACME", Enabled: true}),
		tx.PutContacts("web", []vault.Contact{{Email: "a@example.com"}}),
		tx.PutAccount(vault.Account{ID: "acme/a", Body: vault.Sealed("sealed a")}),
		tx.PutAccount(vault.Account{ID: "acme/b", Body: vault.Sealed("sealed b")}),
		tx.PutSetting("clock.offset", "1h0m0s"))
}

// alter runs SQL on a database as somebody else would.
func alter(t *testing.T, path, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must.Do(t, err)
	defer db.Close()
	res, err := db.Exec(text)
	must.Do(t, err)
	if n, _ := res.RowsAffected(); n == 0 {
		t.Fatalf("nothing changed: %s", text)
	}
}

// uses are how each row is read.
var uses = map[string]func(vault.Tx) error{
	"object web/certificates/web":          func(tx vault.Tx) error { _, err := tx.Object(ref("web")); return err },
	"object web/certificates/web as a key": func(tx vault.Tx) error { _, err := tx.Object(ref("web").As(vault.Keys)); return err },
	"version web/certificates/web/" + one:  func(tx vault.Tx) error { _, err := tx.Version(ref("web"), one); return err },
	"version web/certificates/web/" + two:  func(tx vault.Tx) error { _, err := tx.Version(ref("web").As(vault.Keys), two); return err },
	"version web/certificates/web/" + two + " before a change": func(tx vault.Tx) error {
		return tx.UpdateVersion(ref("web"), two, vault.Attributes{Enabled: true}, nil)
	},
	"object web/keys/app":         func(tx vault.Tx) error { _, err := tx.Object(ref("app").As(vault.Keys)); return err },
	"version web/keys/app/" + one: func(tx vault.Tx) error { _, err := tx.Version(ref("app").As(vault.Keys), one); return err },
	"issuer web/ours":             func(tx vault.Tx) error { _, err := tx.Issuer("web", "OURS"); return err },
	"contacts web":                func(tx vault.Tx) error { _, err := tx.Contacts("web"); return err },
	"account acme/a":              func(tx vault.Tx) error { _, err := tx.Account("acme/a"); return err },
	"account acme/b":              func(tx vault.Tx) error { _, err := tx.Account("acme/b"); return err },
	"setting clock.offset":        func(tx vault.Tx) error { _, err := tx.Setting("clock.offset"); return err },
}

const (
	webObject  = "object web/certificates/web"
	webVersion = "version web/certificates/web/"
)

// alterations are what somebody may do who writes SQL, and which rows are then wrong.
var alterations = []struct {
	name, sql string
	wrong     []string
}{
	{"latest", "UPDATE objects SET latest = '" + one + "' WHERE key = 'web'", []string{webObject}},
	{"shelf", "UPDATE objects SET shelf = 2, deleted_at = 1, purge_at = 2 WHERE key = 'web'", []string{webObject}},
	{"status", "UPDATE objects SET status = 'inProgress' WHERE key = 'web'", []string{webObject}},
	{"revision", "UPDATE objects SET rev = rev + 1 WHERE key = 'web'", []string{webObject}},
	{"body", "UPDATE objects SET body = json_set(body, '$.created', 5) WHERE key = 'web'", []string{webObject}},
	{"raw", "UPDATE objects SET raw = x'00' WHERE key = 'web'", []string{webObject}},
	{"name", "UPDATE objects SET name = 'WEB' WHERE key = 'web'", []string{webObject}},
	{"due", "UPDATE objects SET due = due - 5 WHERE key = 'web'", []string{webObject}},
	{"attempts", "UPDATE objects SET attempt = 7 WHERE key = 'web'", []string{webObject}},
	{"public key", "UPDATE bodies SET raw = CAST(replace(CAST(raw AS TEXT), 'public key of new', 'public key of eve') AS BLOB) WHERE id = (SELECT body FROM versions WHERE id = '" + two + "')", []string{webVersion + two}},
	{"key operations", "UPDATE bodies SET body = json_set(body, '$.key.ops', json('[\"sign\"]')) WHERE id = (SELECT body FROM versions WHERE id = '" + two + "')", []string{webVersion + two}},
	{"dates", "UPDATE versions SET exp = 5 WHERE id = '" + two + "'", []string{webVersion + two}},
	{"switch", "UPDATE versions SET enabled = 0 WHERE id = '" + two + "'", []string{webVersion + two}},
	{"tags", "UPDATE versions SET tags = NULL WHERE id = '" + two + "'", []string{webVersion + two}},
	{"thumbprint", "UPDATE versions SET thumbprint = x'01' WHERE id = '" + two + "'", []string{webVersion + two}},
	{"list columns", "UPDATE versions SET subject = 'CN=eve', exportable = 1 WHERE id = '" + two + "'", []string{webVersion + two}},
	{"two bodies swapped", "UPDATE versions SET body = (SELECT sum(body) FROM versions WHERE key = 'web') - body WHERE key = 'web'", []string{webVersion + one, webVersion + two}},
	{"two versions swapped", "UPDATE versions SET id = 'x' WHERE key = 'web' AND id = '" + one + "'; UPDATE versions SET id = '" + one + "' WHERE key = 'web' AND id = '" + two + "'; UPDATE versions SET id = '" + two + "' WHERE id = 'x'", []string{webVersion + one, webVersion + two}},
	{"provider", "UPDATE issuers SET body = json_set(body, '$.provider', 'Eve')", []string{"issuer web/ours"}},
	{"contacts", "UPDATE contacts SET body = replace(body, 'a@example.com', 'e@example.com')", []string{"contacts web"}},
	{"two accounts swapped", "UPDATE accounts SET body = CASE id WHEN 'acme/a' THEN CAST('sealed b' AS BLOB) ELSE CAST('sealed a' AS BLOB) END", []string{"account acme/a", "account acme/b"}},
	{"revision of an account", "UPDATE accounts SET rev = 9 WHERE id = 'acme/a'", []string{"account acme/a"}},
	{"offset of the clock", "UPDATE settings SET value = '9000h0m0s' WHERE key = 'clock.offset'", []string{"setting clock.offset"}},
	{"no MAC", "UPDATE settings SET mac = NULL WHERE key = 'clock.offset'", []string{"setting clock.offset"}},
	{"no MAC of a version", "UPDATE versions SET mac = NULL WHERE key = 'app'", []string{"version web/keys/app/" + one}},
	{"another's MAC", "UPDATE accounts SET mac = (SELECT mac FROM accounts WHERE id = 'acme/b') WHERE id = 'acme/a'", []string{"account acme/a"}},
	{"MAC of an unknown key", "UPDATE accounts SET mac = x'0000000100112233445566778899aabbccddeeff' WHERE id = 'acme/a'", []string{"account acme/a"}},
	{"no mark of it, and no MAC", "DELETE FROM settings WHERE key = 'database.bound'", nil},
}

// What somebody else wrote into a row is refused where the row is used, and
// nowhere else, by an error that names the row and nothing in it.
func TestAlteredRowsAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range alterations {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path, s := wellKept(t)
			alter(t, path, c.sql)
			wantRefused(t, s, c.wrong)
		})
	}
}

func wantRefused(t *testing.T, s *sqlstore.Store, wrong []string) {
	t.Helper()
	var told []string
	s.OnAltered(func(row string) { told = append(told, row) })
	refused := int64(0)
	for use, read := range uses {
		err := s.Update(t.Context(), read)
		row, _, _ := strings.Cut(strings.ReplaceAll(use, " as a key", ""), " before")
		if !slices.Contains(wrong, row) {
			if err != nil {
				t.Errorf("%s: %v", use, err)
			}
			continue
		}
		refused++
		if !errors.Is(err, vault.ErrAltered) || !strings.Contains(err.Error(), row) {
			t.Errorf("%s: %v", use, err)
		}
		for _, content := range []string{"eve", "Eve", "9000h", "example.com"} {
			if err != nil && strings.Contains(err.Error(), content) {
				t.Errorf("%s: the error shows what the row says: %v", use, err)
			}
		}
	}
	slices.Sort(told)
	if slices.Sort(wrong); !slices.Equal(told, wrong) || s.Altered() != refused {
		t.Errorf("told of %q, want %q; counted %d, want %d", told, wrong, s.Altered(), refused)
	}
}

// A worker gets nothing to do for a row that is altered, and the others get
// their turn.
func TestAlteredRowsAreNotClaimed(t *testing.T) {
	t.Parallel()
	path, s := wellKept(t)
	must.Do(t, s.Update(t.Context(), func(tx vault.Tx) error {
		return tx.PutObject(&vault.Object{Ref: ref("well"), Jobs: map[vault.JobKind]time.Time{vault.JobSchedule: noon.AddDate(0, 0, 10)}})
	}))
	alter(t, path, "UPDATE objects SET job = 'purge', due = 1 WHERE key = 'web'")
	var got []string
	for range 3 {
		leases, err := s.Claim(t.Context(), noon.AddDate(0, 0, 11), noon, time.Minute, 1)
		must.Do(t, err)
		for _, l := range leases {
			got = append(got, l.Ref.Name+" "+string(l.Kind))
		}
	}
	if want := []string{"well " + string(vault.JobSchedule)}; !slices.Equal(got, want) {
		t.Errorf("claimed %q, want %q", got, want)
	}
	must.Do(t, s.View(t.Context(), func(r vault.Reader) error { // its row was sealed anew
		o, err := r.Object(ref("well"))
		if o.Lease.Kind != vault.JobSchedule {
			t.Errorf("the lease: %+v", o.Lease)
		}
		return err
	}))
}

// Lists of whole objects leave altered ones out, and go on to the last.
func TestAlteredRowsAreLeftOutOfLists(t *testing.T) {
	t.Parallel()
	path, s := wellKept(t)
	alter(t, path, "UPDATE objects SET latest = 'x' WHERE key = 'app'")
	must.Do(t, s.View(t.Context(), func(r vault.Reader) error {
		all, err := r.AllObjects(vault.Ref{}, 1)
		if err != nil || len(all) != 1 || all[0].Name != "web" {
			t.Errorf("%v, %v", all, err)
		}
		return nil
	}))
	alter(t, path, "INSERT INTO issuers (vault, key, body) VALUES ('web', 'a', '{\"v\":1,\"name\":\"a\",\"provider\":\"Eve\"}')")
	must.Do(t, s.View(t.Context(), func(r vault.Reader) error {
		list, err := r.Issuers("web", "", 1)
		if err != nil || len(list) != 1 || list[0].Name != "Ours" {
			t.Errorf("%v, %v", list, err)
		}
		return nil
	}))
}

// unbound are the rows of a database that a program made which sealed none.
func unbound(t *testing.T, n int) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "certwright.db")
	s := openAt(t, path)
	must.Do(t, s.Update(t.Context(), wellKeptRows))
	for from := 0; from < n; from += 1000 {
		must.Do(t, s.Update(t.Context(), func(tx vault.Tx) (err error) {
			for i := from; i < from+1000 && err == nil; i++ {
				err = putRecord(tx, name(i), record(500))
			}
			return err
		}))
	}
	must.Do(t, s.Close())
	return path
}

// A countdown is a context that ends when it was looked at so often.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// unsealed counts the rows without a MAC.
func unsealed(t *testing.T, path string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must.Do(t, err)
	defer db.Close()
	for _, table := range []string{"objects", "versions", "issuers", "contacts", "accounts", "settings WHERE key NOT IN ('database.id', 'database.generation', 'schema.min_reader') AND TRUE"} {
		text := "SELECT count(*) - count(mac) FROM " + table
		var some int
		must.Do(t, db.QueryRow(text).Scan(&some))
		n += some
	}
	return n
}

// A database of an older program gets its seals at the first opening, in slices,
// and once. One that was interrupted goes on.
func TestBindingAnOlderDatabase(t *testing.T) {
	t.Parallel()
	path := unbound(t, 12000)
	all := unsealed(t, path)
	s := openAt(t, path)
	for looks := 1000; ; looks += 1000 { // until a slice is on the disk, however many rows this machine puts into one
		if _, err := s.Bind(&countdown{t.Context(), looks}, rowKeys, false); !errors.Is(err, context.Canceled) || s.Bound() {
			t.Fatalf("interrupted: %v", err)
		}
		if unsealed(t, path) < all {
			break
		}
	}
	wantRefused(t, s, nil)
	left := unsealed(t, path)
	must.Do(t, s.Close())

	s = openAt(t, path)
	if rows, err := s.Bind(t.Context(), rowKeys, false); err != nil || rows != left || !s.Bound() {
		t.Errorf("%d rows were bound of %d, %v", rows, left, err)
	}
	wantRefused(t, s, nil)
	if n := unsealed(t, path); n > 0 {
		t.Errorf("%d rows have no MAC", n)
	}
	must.Do(t, s.Close())

	s = openAt(t, path)
	if rows, err := s.Bind(t.Context(), rowKeys, false); rows != 0 || err != nil {
		t.Errorf("bound again: %d rows, %v", rows, err)
	}
}

// Who writes SQL cannot take back that the database is bound, as long as that is
// known from elsewhere as well.
func TestSealsCannotBeTakenOff(t *testing.T) {
	t.Parallel()
	path, s := wellKept(t)
	must.Do(t, s.Close())
	alter(t, path, "DELETE FROM settings WHERE key = 'database.bound'")
	alter(t, path, "UPDATE versions SET mac = NULL")
	s = openAt(t, path)
	if rows, err := s.Bind(t.Context(), rowKeys, true); rows != 0 || err != nil {
		t.Fatalf("%d rows, %v", rows, err)
	}
	wantRefused(t, s, []string{webVersion + one, webVersion + two, "version web/keys/app/" + one})
	must.Do(t, s.Close())

	alter(t, path, "INSERT INTO settings (key, value) VALUES ('database.bound', 'yes')") // so that the others are not looked at
	if _, err := openAt(t, path).Bind(t.Context(), rowKeys, false); !errors.Is(err, vault.ErrAltered) {
		t.Errorf("a mark without a MAC: %v", err)
	}
}
