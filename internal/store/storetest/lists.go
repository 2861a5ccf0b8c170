package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"certwright/internal/vault"
)

// listed reads all pages of a list of certificates and returns the names.
func listed(t *testing.T, s vault.Store, p vault.ObjectsPage) []string {
	t.Helper()
	p.Kind = vault.Certificates
	return namesOf(entries(t, s, p))
}

func namesOf(list []vault.Entry) []string {
	names := []string{}
	for _, e := range list {
		names = append(names, e.Name)
	}
	return names
}

// entries reads all pages of a list of the vault "web".
func entries(t *testing.T, s vault.Store, p vault.ObjectsPage) []vault.Entry {
	t.Helper()
	p.Vault = "web"
	return pages(t, p.Limit, func(_ int, last *vault.Entry) []vault.Entry {
		if last != nil {
			p.After = last.Key()
		}
		page := get(t, s, func(r vault.Reader) ([]vault.Entry, error) { return r.Objects(p) })
		for _, e := range page {
			if e.Kind != p.Kind || e.Deletion != nil != p.Deleted {
				t.Errorf("%s of %s, deletion %v, in a list of %s, deleted=%v", e.Name, e.Kind, e.Deletion, p.Kind, p.Deleted)
			}
		}
		return page
	})
}

// objectsListed: ascending order of key whatever the case; live and deleted apart.
func objectsListed(t *testing.T, s vault.Store) {
	for _, name := range []string{"b", "Zed", "A", "a-1", "C", "a1", "10", "9"} {
		putLatest(t, s, certificate(ref(name), 1))
	}
	for _, name := range []string{"x", "Bb"} {
		putLatest(t, s, certificate(ref(name), 1))
		change(t, s, ref(name), func(o *vault.Object) { o.Deletion = deleted() })
	}
	putLatest(t, s, certificate(vault.Ref{Vault: "other", Kind: vault.Certificates, Name: "a2"}, 1))
	for limit := 1; limit < 10; limit++ {
		same(t, "live", listed(t, s, vault.ObjectsPage{Limit: limit}), []string{"10", "9", "A", "a-1", "a1", "b", "C", "Zed"})
		same(t, "deleted", listed(t, s, vault.ObjectsPage{Limit: limit, Deleted: true}), []string{"Bb", "x"})
	}
	same(t, "from the middle", listed(t, s, vault.ObjectsPage{Limit: 9, After: "a5"}), []string{"b", "C", "Zed"})
	same(t, "beyond", listed(t, s, vault.ObjectsPage{Limit: 9, After: "zz"}), []string{})
}

// objectsMoved: a list follows the object: deleted, recovered, completed, purged.
func objectsMoved(t *testing.T, s vault.Store) {
	putLatest(t, s, certificate(ref("other"), 1))
	put(t, s, pendingObject(ref("a")))
	check := func(live, deleted, livePending, deletedPending []string) {
		t.Helper()
		same(t, "live", listed(t, s, vault.ObjectsPage{Limit: 5}), live)
		same(t, "deleted", listed(t, s, vault.ObjectsPage{Limit: 5, Deleted: true}), deleted)
		same(t, "live and pending", listed(t, s, vault.ObjectsPage{Limit: 5, IncludePending: true}), livePending)
		same(t, "deleted and pending", listed(t, s, vault.ObjectsPage{Limit: 5, Deleted: true, IncludePending: true}), deletedPending)
		for _, kind := range managedKinds {
			same(t, "live of "+string(kind), namesOf(entries(t, s, vault.ObjectsPage{Kind: kind, Limit: 5})), live)
			same(t, "live of "+string(kind)+" that belong to no certificate", namesOf(entries(t, s, vault.ObjectsPage{Kind: kind, Own: true, Limit: 5})), []string{})
			same(t, "live of "+string(kind)+", pending or not", namesOf(entries(t, s, vault.ObjectsPage{Kind: kind, Limit: 5, IncludePending: true})), live)
			same(t, "deleted of "+string(kind), namesOf(entries(t, s, vault.ObjectsPage{Kind: kind, Limit: 5, Deleted: true, IncludePending: true})), []string{})
		}
	}
	move := func(edit func(*vault.Object)) { t.Helper(); change(t, s, ref("a"), edit) }
	without, with, none := []string{"other"}, []string{"a", "other"}, []string{}
	check(without, none, with, none)
	move(func(o *vault.Object) { o.Deletion = deleted() })
	check(without, none, without, []string{"a"})
	move(func(o *vault.Object) { o.Deletion = nil })
	check(without, none, with, none)
	update(t, s, func(tx vault.Tx) error {
		o, err := tx.Object(ref("a"))
		o.Placeholder = nil
		return errors.Join(err, tx.PutObject(&o), tx.PutVersion(certificate(ref("a"), 1)))
	})
	check(with, none, with, none)
	move(func(o *vault.Object) { o.Deletion = deleted() })
	check(without, []string{"a"}, without, []string{"a"})
	update(t, s, purging(ref("a")))
	check(without, none, without, none)
}

// names: of a vault and kind, deleted and pending ones too, no further than asked;
// a certificate's key and secret are none.
func names(t *testing.T, s vault.Store) {
	count := func(vaultName string, kind vault.Kind, most int) int {
		t.Helper()
		return get(t, s, func(r vault.Reader) (int, error) { return r.Names(vaultName, kind, most) })
	}
	same(t, "of nothing", count("web", vault.Certificates, 9), 0)
	for _, name := range []string{"a", "b", "c"} {
		putLatest(t, s, certificate(ref(name), 1))
	}
	putLatest(t, s, secret(ref("s"), 1))
	change(t, s, ref("a"), func(o *vault.Object) { o.Deletion = deleted() })
	for most, want := range map[int]int{0: 0, 1: 1, 2: 2, 3: 3, 9: 3, -1: 0} {
		same(t, "certificates", count("web", vault.Certificates, most), want)
	}
	same(t, "secrets", count("web", vault.Secrets, 9), 1)
	same(t, "keys", count("web", vault.Keys, 9), 0)
	same(t, "of another vault", count("we", vault.Certificates, 9), 0)
	update(t, s, purging(ref("a")))
	same(t, "after a purge", count("web", vault.Certificates, 9), 2)
}

// objectEntries: an entry of an object shows its latest version, whole.
func objectEntries(t *testing.T, s vault.Store) {
	second, third := certificate(ref("Mixed"), 2), certificate(ref("Mixed"), 3)
	put(t, s, of(second), second, third)
	list := func(p vault.ObjectsPage) []vault.Entry { p.Limit = 2; return entries(t, s, p) }
	same(t, "entry", list(vault.ObjectsPage{Kind: vault.Certificates}), []vault.Entry{second.Entry()})
	o := change(t, s, ref("mixed"), func(o *vault.Object) { o.Latest, o.Deletion = id(3), deleted() })
	want := third.Entry()
	want.Deletion = o.Deletion
	same(t, "entry of a deleted one", list(vault.ObjectsPage{Kind: vault.Certificates, Deleted: true}), []vault.Entry{want})

	text := secret(ref("s"), 1)
	text.Tags = map[string]string{}
	putLatest(t, s, text)
	same(t, "entry of a secret", list(vault.ObjectsPage{Kind: vault.Secrets}), []vault.Entry{text.Entry()})
	same(t, "entry of a secret of no certificate", list(vault.ObjectsPage{Kind: vault.Secrets, Own: true}), []vault.Entry{text.Entry()})

	k := key(ref("k"), 1)
	putLatest(t, s, k)
	k.Attributes, k.Tags = vault.Attributes{Created: k.Attributes.Created.Add(time.Hour)}, map[string]string{"new": "tag"}
	update(t, s, func(tx vault.Tx) error { return tx.UpdateVersion(k.Ref, k.ID, k.Attributes, k.Tags) })
	same(t, "entry of a key, after an update", list(vault.ObjectsPage{Kind: vault.Keys}), []vault.Entry{k.Entry()})
}

// objectPages: pages of any size join to the whole list, also while rows come
// and go behind the place where one reads.
func objectPages(t *testing.T, s vault.Store) {
	want := []string{}
	for n := range 60 {
		name := fmt.Sprintf("Cert-%d", n*7%60)
		if n%2 == 0 {
			name = strings.ToUpper(name)
		}
		want = append(want, name)
	}
	update(t, s, func(tx vault.Tx) error {
		for _, name := range want {
			o := of(certificate(ref(name), 1))
			if err := errors.Join(tx.PutObject(&o), tx.PutVersion(certificate(ref(name), 1))); err != nil {
				return err
			}
		}
		return nil
	})
	slices.SortFunc(want, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	for _, limit := range []int{1, 7, 25, 60, 61} {
		same(t, fmt.Sprint("pages of ", limit), listed(t, s, vault.ObjectsPage{Limit: limit}), want)
	}
	update(t, s, purging(ref(want[30]))) // the row that the page before ended with
	putLatest(t, s, certificate(ref("aaa"), 1))
	same(t, "the rest", listed(t, s, vault.ObjectsPage{Limit: 10, After: strings.ToLower(want[30])}), want[31:])
}

// placeholdersListed: certificates without a completed version are shown only
// where asked for, merged into the order, with what the placeholder says.
func placeholdersListed(t *testing.T, s vault.Store) {
	done, all := []string{}, []string{}
	for n := range 12 {
		r := ref(fmt.Sprintf("%c-%02d", "cCc"[n/2%3], n))
		all = append(all, r.Name)
		if n%3 == 1 {
			put(t, s, pendingObject(r))
			continue
		}
		done = append(done, r.Name)
		putLatest(t, s, certificate(r, 1))
	}
	for _, limit := range []int{1, 2, 3, 5, 12, 25} {
		same(t, "completed", listed(t, s, vault.ObjectsPage{Limit: limit}), done)
		same(t, "all", listed(t, s, vault.ObjectsPage{Limit: limit, IncludePending: true}), all)
	}
	o := pendingObject(ref("c-01"))
	pending := vault.Entry{Ref: o.Ref, ID: o.Latest, Pending: true, Attributes: o.Placeholder.Attributes, Tags: o.Placeholder.Tags}
	page := vault.ObjectsPage{Kind: vault.Certificates, IncludePending: true, Limit: 25}
	same(t, "entries", entries(t, s, page)[:2], []vault.Entry{certificate(ref("c-00"), 1).Entry(), pending})
	change(t, s, o.Ref, func(o *vault.Object) { o.Deletion = deleted() })
	pending.Deletion, page.Deleted = deleted(), true
	same(t, "deleted", entries(t, s, page), []vault.Entry{pending})
	noVersion(t, s, o.Ref, o.Latest)
	same(t, "versions of a placeholder", len(versions(t, s, o.Ref)), 0)
}

// managedListed: what belongs to certificates is merged into the lists of keys
// and secrets, and is in no list of the deleted ones.
func managedListed(t *testing.T, s vault.Store) {
	want := map[vault.Kind][]vault.Entry{}
	plain := map[vault.Kind]func(vault.Ref, int) vault.Version{vault.Keys: key, vault.Secrets: secret}
	for n := range 20 {
		r := ref(fmt.Sprintf("%c-%02d", "NNnn"[n%4], n))
		switch {
		case n == 3 || n == 11:
			put(t, s, pendingObject(r))
		case n == 5 || n == 12:
			putLatest(t, s, certificate(r, n))
			change(t, s, r, func(o *vault.Object) { o.Deletion = deleted() })
		case n%3 == 0: // runs of one, of two and of three of a kind
			for kind, version := range plain {
				v := version(r, n)
				putLatest(t, s, v)
				want[kind] = append(want[kind], v.Entry())
			}
		default:
			v := certificate(r, n)
			putLatest(t, s, v)
			for kind := range plain {
				want[kind] = append(want[kind], v.As(kind).Entry())
			}
		}
	}
	for kind, version := range plain {
		gone := version(ref("gone"), 1)
		putLatest(t, s, gone)
		change(t, s, gone.Ref, func(o *vault.Object) { o.Deletion = deleted() })
		for limit := 1; limit <= 21; limit++ {
			same(t, "list of "+string(kind), entries(t, s, vault.ObjectsPage{Kind: kind, Limit: limit}), want[kind])
			same(t, "pending or not", entries(t, s, vault.ObjectsPage{Kind: kind, Limit: limit, IncludePending: true}), want[kind])
			same(t, "deleted", namesOf(entries(t, s, vault.ObjectsPage{Kind: kind, Limit: limit, Deleted: true})), []string{"gone"})
		}
	}
	same(t, "certificates", len(listed(t, s, vault.ObjectsPage{Limit: 25})), 11)
	change(t, s, ref("n-05"), func(o *vault.Object) { o.Deletion = nil })
	names := namesOf(entries(t, s, vault.ObjectsPage{Kind: vault.Keys, Limit: 3, After: "n-03"}))
	same(t, "recovered", names[:2], []string{"N-04", "N-05"})
}
