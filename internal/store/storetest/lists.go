package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"certwright/internal/vault"
)

// listed reads all pages of a list and returns the names.
func listed(t *testing.T, s vault.Store, p vault.ObjectsPage) []string {
	t.Helper()
	p.Vault, p.Kind = "web", vault.Certificates
	names := []string{}
	for {
		page := get(t, s, func(r vault.Reader) ([]vault.Entry, error) { return r.Objects(p) })
		if len(page) > p.Limit {
			t.Fatalf("a page of %d, limit %d", len(page), p.Limit)
		}
		for _, e := range page {
			names = append(names, e.Name)
			if e.Deletion != nil != p.Deleted {
				t.Errorf("%s: deletion %v in a list of deleted=%v", e.Name, e.Deletion, p.Deleted)
			}
		}
		if len(page) < p.Limit {
			return names
		}
		p.After = page[len(page)-1].Key()
	}
}

// objectsListed: ascending order of key whatever the case; live and deleted apart.
func objectsListed(t *testing.T, s vault.Store) {
	for _, name := range []string{"b", "Zed", "A", "a-1", "C", "a1", "10", "9"} {
		put(t, s, certificate(ref(name), 1))
	}
	for _, name := range []string{"x", "Bb"} {
		v := certificate(ref(name), 1)
		o := put(t, s, v)
		o.Deletion = &vault.Deletion{At: instant, PurgeAt: instant.AddDate(0, 0, 7)}
		update(t, s, func(tx vault.Tx) (err error) {
			_, err = tx.PutObject(o)
			return err
		})
	}
	for limit := 1; limit < 10; limit++ {
		same(t, "live", listed(t, s, vault.ObjectsPage{Limit: limit}), []string{"10", "9", "A", "a-1", "a1", "b", "C", "Zed"})
		same(t, "deleted", listed(t, s, vault.ObjectsPage{Limit: limit, Deleted: true}), []string{"Bb", "x"})
	}
	same(t, "from the middle", listed(t, s, vault.ObjectsPage{Limit: 9, After: "a5"}), []string{"b", "C", "Zed"})
	same(t, "beyond", listed(t, s, vault.ObjectsPage{Limit: 9, After: "zz"}), []string{})
}

// objectsMoved: a list follows the head: deleted, recovered, completed, purged.
func objectsMoved(t *testing.T, s vault.Store) {
	put(t, s, certificate(ref("other"), 1))
	o := put(t, s, vault.Version{Ref: ref("a"), ID: id(1), Pending: true})
	check := func(live, deleted, livePending, deletedPending []string) {
		t.Helper()
		same(t, "live", listed(t, s, vault.ObjectsPage{Limit: 5}), live)
		same(t, "deleted", listed(t, s, vault.ObjectsPage{Limit: 5, Deleted: true}), deleted)
		same(t, "live and pending", listed(t, s, vault.ObjectsPage{Limit: 5, IncludePending: true}), livePending)
		same(t, "deleted and pending", listed(t, s, vault.ObjectsPage{Limit: 5, Deleted: true, IncludePending: true}), deletedPending)
	}
	move := func(change func(*vault.Object)) {
		t.Helper()
		change(&o)
		update(t, s, func(tx vault.Tx) (err error) {
			o.Rev, err = tx.PutObject(o)
			return err
		})
	}
	without, with, none := []string{"other"}, []string{"a", "other"}, []string{}
	check(without, none, with, none)
	move(func(o *vault.Object) { o.Deletion = &vault.Deletion{At: instant, PurgeAt: instant} })
	check(without, none, without, []string{"a"})
	move(func(o *vault.Object) { o.Deletion = nil })
	check(without, none, with, none)
	move(func(o *vault.Object) { o.Pending = false })
	check(with, none, with, none)
	move(func(o *vault.Object) { o.Deletion = &vault.Deletion{At: instant, PurgeAt: instant} })
	check(without, []string{"a"}, without, []string{"a"})
	update(t, s, func(tx vault.Tx) error { return tx.Purge(ref("a")) })
	check(without, none, without, none)
}

// objectEntries: an entry of an object shows its latest version, whole.
func objectEntries(t *testing.T, s vault.Store) {
	v := certificate(ref("Mixed"), 2)
	o := put(t, s, v)
	update(t, s, func(tx vault.Tx) error { return tx.PutVersion(certificate(ref("mixed"), 3)) }) // not the latest
	entry := func(p vault.ObjectsPage) vault.Entry {
		t.Helper()
		p.Limit = 2
		list := get(t, s, func(r vault.Reader) ([]vault.Entry, error) { return r.Objects(p) })
		if len(list) != 1 {
			t.Fatalf("%d entries, want 1", len(list))
		}
		return list[0]
	}
	certificates := vault.ObjectsPage{Vault: "web", Kind: vault.Certificates}
	want := v.Entry()
	same(t, "entry", entry(certificates), want)

	o.Latest, o.Deletion = id(3), &vault.Deletion{At: instant, PurgeAt: instant.AddDate(0, 0, 90)}
	update(t, s, func(tx vault.Tx) (err error) {
		_, err = tx.PutObject(o)
		return err
	})
	want = certificate(ref("Mixed"), 3).Entry()
	want.Deletion = o.Deletion
	certificates.Deleted = true
	same(t, "entry of a deleted one", entry(certificates), want)

	secret := vault.Version{Ref: ref("s").As(vault.Secrets), ID: id(1), Managed: true, Tags: map[string]string{}, Secret: &vault.SecretBody{ContentType: vault.PEM}}
	put(t, s, secret)
	same(t, "entry of a secret", entry(vault.ObjectsPage{Vault: "web", Kind: vault.Secrets}), secret.Entry())

	key := vault.Version{Ref: ref("k").As(vault.Keys), ID: id(1), Managed: true, Attributes: vault.Attributes{Enabled: true, Updated: second}, Key: &vault.KeyBody{Type: vault.RSAHSM, Exportable: true}}
	put(t, s, key)
	update(t, s, func(tx vault.Tx) error {
		key.Attributes, key.Tags = vault.Attributes{Created: second.Add(time.Hour)}, map[string]string{"new": "tag"}
		return tx.UpdateVersion(key.Ref, key.ID, key.Attributes, key.Tags)
	})
	same(t, "entry of a key, after an update", entry(vault.ObjectsPage{Vault: "web", Kind: vault.Keys}), key.Entry())
	versions := get(t, s, func(r vault.Reader) ([]vault.Entry, error) { return r.Versions(key.Ref, "", 2) })
	same(t, "entry of its version", versions, []vault.Entry{key.Entry()})
}

// objectPages: pages of any size join to the whole list, also while rows come
// and go behind the place where one reads.
func objectPages(t *testing.T, s vault.Store) {
	want := []string{}
	update(t, s, func(tx vault.Tx) error {
		for n := range 60 {
			name := fmt.Sprintf("Cert-%d", n*7%60)
			if n%2 == 0 {
				name = strings.ToUpper(name)
			}
			want = append(want, name)
			if _, err := tx.PutObject(vault.Object{Ref: ref(name), Latest: id(1)}); err != nil {
				return err
			}
		}
		return nil
	})
	slices.SortFunc(want, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	for _, limit := range []int{1, 7, 25, 60, 61} {
		same(t, fmt.Sprint("pages of ", limit), listed(t, s, vault.ObjectsPage{Limit: limit}), want)
	}
	middle := strings.ToLower(want[30])
	update(t, s, func(tx vault.Tx) error {
		if err := tx.Purge(ref(want[30])); err != nil { // the row that the page before ended with
			return err
		}
		_, err := tx.PutObject(vault.Object{Ref: ref("aaa"), Latest: id(1)})
		return err
	})
	same(t, "the rest", listed(t, s, vault.ObjectsPage{Limit: 10, After: middle}), want[31:])
}

// placeholdersListed: objects without a completed version are shown only where
// asked for, merged into the order.
func placeholdersListed(t *testing.T, s vault.Store) {
	done, all := []string{}, []string{}
	for n := range 12 {
		name := fmt.Sprintf("c-%02d", n)
		v := certificate(ref(name), 1)
		v.Pending = n%3 == 1
		if v.Pending {
			v.Certificate = nil
		} else {
			done = append(done, name)
		}
		all = append(all, name)
		put(t, s, v)
	}
	for _, limit := range []int{1, 2, 3, 5, 12, 25} {
		same(t, "completed", listed(t, s, vault.ObjectsPage{Limit: limit}), done)
		same(t, "all", listed(t, s, vault.ObjectsPage{Limit: limit, IncludePending: true}), all)
	}
	list := get(t, s, func(r vault.Reader) ([]vault.Entry, error) {
		return r.Objects(vault.ObjectsPage{Vault: "web", Kind: vault.Certificates, IncludePending: true, Limit: 2})
	})
	if list[0].Pending || !list[1].Pending {
		t.Errorf("pending: %v, %v; want false, true", list[0].Pending, list[1].Pending)
	}
}

// behindListed: what belongs to a certificate is in no list of the deleted, and
// is back among the live once it is recovered.
func behindListed(t *testing.T, s vault.Store) {
	secrets := func(deleted bool) (names []string) {
		for _, e := range get(t, s, func(r vault.Reader) ([]vault.Entry, error) {
			return r.Objects(vault.ObjectsPage{Vault: "web", Kind: vault.Secrets, Deleted: deleted, IncludePending: true, Limit: 9})
		}) {
			names = append(names, e.Name)
		}
		return names
	}
	var behind vault.Object
	for _, v := range []vault.Version{
		{Ref: ref("plain").As(vault.Secrets), ID: id(1), Secret: &vault.SecretBody{}},
		{Ref: ref("behind").As(vault.Secrets), ID: id(1), Managed: true, Secret: &vault.SecretBody{}},
	} {
		behind = put(t, s, v)
		behind.Deletion = &vault.Deletion{At: instant, PurgeAt: instant.AddDate(0, 0, 7)}
		update(t, s, func(tx vault.Tx) (err error) {
			behind.Rev, err = tx.PutObject(behind)
			return err
		})
	}
	same(t, "deleted", secrets(true), []string{"plain"})
	same(t, "by name", get(t, s, func(r vault.Reader) (vault.Object, error) { return r.Object(behind.Ref) }), behind)
	behind.Deletion = nil
	update(t, s, func(tx vault.Tx) (err error) {
		_, err = tx.PutObject(behind)
		return err
	})
	same(t, "recovered", secrets(false), []string{"behind"})
}
