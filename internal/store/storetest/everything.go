package storetest

import (
	"testing"
	"time"

	"certwright/internal/vault"
)

// allObjects: AllObjects lists every object whole, of every kind, deleted ones
// too, in ascending order of vault, key and kind, page by page; no certificate twice.
// Revisions lists the same.
func allObjects(t *testing.T, s vault.Store) {
	deletedOne := of(certificate(vault.Ref{Vault: "a", Kind: vault.Certificates, Name: "c"}, 1))
	deletedOne.Deletion = deleted()
	want := []vault.Object{
		{Ref: vault.Ref{Vault: "-", Kind: vault.Sinks, Name: "hook"}, Jobs: map[vault.JobKind]time.Time{vault.JobDeliver: instant}},
		{Ref: vault.Ref{Vault: "a", Kind: vault.Withdrawn, Name: "000"}, Operation: inProgress(vault.Ref{Vault: "a", Kind: vault.Withdrawn, Name: "000"})},
		{Ref: vault.Ref{Vault: "a", Kind: vault.Keys, Name: "A"}, Latest: id(3)},
		{Ref: vault.Ref{Vault: "a", Kind: vault.Secrets, Name: "a"}, Latest: id(3)},
		pendingObject(vault.Ref{Vault: "a", Kind: vault.Certificates, Name: "B"}),
		{Ref: vault.Ref{Vault: "a", Kind: vault.VaultJobs, Name: "b"}},
		deletedOne,
		fullObject(vault.Ref{Vault: "b", Kind: vault.Certificates, Name: "A"}),
	}
	for i := range want {
		j := (i*3 + 1) % len(want) // in no order
		want[j] = put(t, s, want[j])
	}
	list := func(after vault.Ref, limit int) []vault.Object {
		return get(t, s, func(r vault.Reader) ([]vault.Object, error) { return r.AllObjects(after, limit) })
	}
	for limit := 1; limit <= len(want)+1; limit++ {
		same(t, "all objects", pages(t, limit, func(limit int, last *vault.Object) []vault.Object {
			if last == nil {
				return list(vault.Ref{}, limit)
			}
			return list(last.Ref, limit)
		}), want)
	}
	same(t, "a page of none", len(list(vault.Ref{}, 0)), 0)
	revised := func(after vault.Ref, limit int) (as []vault.Revised) {
		got := get(t, s, func(r vault.Reader) ([]vault.Revised, error) { return r.Revisions(after, limit) })
		whole := list(after, limit)
		for _, o := range whole {
			as = append(as, vault.Revised{Ref: vault.Ref{Vault: o.Vault, Kind: o.Kind, Name: o.Key()}, Rev: o.Rev})
		}
		same(t, "revisions", got, append([]vault.Revised{}, as...))
		return got
	}
	same(t, "all revisions", len(revised(vault.Ref{}, 99)), len(want))
	revised(want[2].Ref, 3)
	revised(want[0].Ref, 0)
	want[5] = put(t, s, want[5])
	same(t, "of one that was written", revised(want[4].Ref, 1)[0].Rev, want[5].Rev)
	update(t, s, purging(want[3].Ref))
	same(t, "after one that is gone", list(want[3].Ref, 2), want[4:6])
}

// orders: Orders lists certificates whose operation has a status, whole, deleted
// ones too, in order of vault and key, of one vault or of all, after a place.
func orders(t *testing.T, s vault.Store) {
	add := func(vaultName, name string, status vault.Status, kind vault.Kind) vault.Object {
		r := vault.Ref{Vault: vaultName, Kind: kind, Name: name}
		op := fullOperation(r)
		op.Status = status
		return put(t, s, vault.Object{Ref: r, Operation: op})
	}
	for _, name := range []string{"C", "a", "b"} {
		add("one", name, vault.InProgress, vault.Certificates)
		add("two", name, vault.InProgress, vault.Certificates)
	}
	add("one", "failed", vault.Failed, vault.Certificates)
	add("two", "bad", vault.Failed, vault.Certificates)
	bad := add("one", "Bad", vault.Failed, vault.Certificates)
	add("one", "done", vault.Completed, vault.Certificates)
	add("one", "cancelled", vault.Cancelled, vault.Certificates)
	add("one", "taken-back", vault.InProgress, vault.Withdrawn)
	put(t, s, vault.Object{Ref: vault.Ref{Vault: "one", Kind: vault.Certificates, Name: "none"}})
	one := func(name string) vault.Ref { return vault.Ref{Vault: "one", Kind: vault.Certificates, Name: name} }
	list := func(status vault.Status, vaultName string, after vault.Ref, limit int) []string {
		names := []string{}
		for _, o := range get(t, s, func(r vault.Reader) ([]vault.Object, error) { return r.Orders(status, vaultName, after, limit) }) {
			names = append(names, o.Vault+"/"+o.Name)
			same(t, "an order", o, object(t, s, o.Ref))
		}
		return names
	}
	same(t, "one vault", list(vault.InProgress, "one", vault.Ref{}, 9), []string{"one/a", "one/b", "one/C"})
	change(t, s, one("a"), func(o *vault.Object) { o.Deletion = deleted() })
	change(t, s, one("b"), func(o *vault.Object) { *o.Operation = o.Operation.Complete(id(1)) })
	same(t, "one is deleted, one ended", list(vault.InProgress, "one", vault.Ref{}, 9), []string{"one/a", "one/C"})
	same(t, "next page", list(vault.InProgress, "one", one("A"), 1), []string{"one/C"})
	same(t, "none wanted", list(vault.InProgress, "one", vault.Ref{}, 0), []string{})
	same(t, "all", list(vault.InProgress, "", vault.Ref{}, 9), []string{"one/a", "one/C", "two/a", "two/b", "two/C"})
	same(t, "all, next page", list(vault.InProgress, "", one("c"), 2), []string{"two/a", "two/b"})
	same(t, "failed", list(vault.Failed, "", vault.Ref{}, 9), []string{"one/Bad", "one/failed", "two/bad"})
	same(t, "failed, next page", list(vault.Failed, "", one("BAD"), 1), []string{"one/failed"})
	same(t, "failed of a vault", list(vault.Failed, "two", vault.Ref{}, 9), []string{"two/bad"})
	same(t, "no vault", list(vault.Failed, "three", vault.Ref{}, 9), []string{})
	bad.Operation = nil
	put(t, s, bad)
	update(t, s, purging(one("failed")))
	same(t, "after one was removed and one purged", list(vault.Failed, "one", vault.Ref{}, 9), []string{})
}
