package storetest

import (
	"errors"
	"testing"
	"time"

	"certwright/internal/vault"
)

// purge: one object is gone with its versions, its operation and its jobs, and
// no other's.
func purge(t *testing.T, s vault.Store) {
	for _, name := range []string{"Gone", "gone-not"} {
		o := fullObject(ref(name))
		o.Lease = vault.Hold{}
		put(t, s, o, certificate(o.Ref, 0), certificate(o.Ref, 1), certificate(o.Ref, 2))
	}
	put(t, s, vault.Object{Ref: vault.Ref{Vault: "other", Kind: vault.Certificates, Name: "gone"}})
	_, leases := claimed(t, s, instant, second, 1) // both are due; one of the two
	old := object(t, s, ref("gone"))
	change(t, s, ref("gone"), func(*vault.Object) {})
	if err := s.Update(t.Context(), func(tx vault.Tx) error { return tx.Purge(old) }); !errors.Is(err, vault.ErrStale) {
		t.Errorf("purged as it was before it changed: %v, want %v", err, vault.ErrStale)
	}
	object(t, s, ref("gone")) // is there still
	update(t, s, purging(ref("gone")))
	if err := s.Update(t.Context(), func(tx vault.Tx) error { return tx.Purge(old) }); !errors.Is(err, vault.ErrStale) {
		t.Errorf("purged again: %v, want %v", err, vault.ErrStale)
	}

	for _, kind := range []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets} {
		noObject(t, s, ref("gone").As(kind))
		for n := range 3 {
			noVersion(t, s, ref("gone").As(kind), id(n))
		}
	}
	jobs, more := claimed(t, s, instant, second, 9)
	for _, l := range append(more, leases...) {
		if _, err := s.Extend(t.Context(), l, instant); (l.Ref.Name == "Gone") != errors.Is(err, vault.ErrStale) {
			t.Errorf("extend of a job of %s: %v", l.Ref.Name, err)
		}
	}
	for _, j := range jobs {
		same(t, "the job left", j.Ref.Name, "gone-not")
	}
	same(t, "deleted objects left", listed(t, s, vault.ObjectsPage{Deleted: true, IncludePending: true, Limit: 9}), []string{"gone-not"})
	same(t, "versions left of the other", len(versions(t, s, ref("gone-not"))), 3)
	object(t, s, vault.Ref{Vault: "other", Kind: vault.Certificates, Name: "gone"})

	// The same name begins anew, with nothing of before.
	o := putLatest(t, s, certificate(ref("gone"), 0))
	same(t, "object after purge", object(t, s, ref("gone")), o)
	same(t, "versions after purge", versions(t, s, ref("gone")), []vault.Entry{certificate(ref("gone"), 0).Entry()})
}

// purgeOfMany: however many versions an object has, they are gone at once for
// every reader, also in the transaction itself, and the name is free, ids too.
func purgeOfMany(t *testing.T, s vault.Store) {
	const many = 1500
	r := ref("Many")
	fill := func(tx vault.Tx, n int) error {
		o := vault.Object{Ref: r, Latest: id(0)}
		if err := tx.PutObject(&o); err != nil {
			return err
		}
		for i := range n {
			if err := tx.PutVersion(certificate(r, i)); err != nil {
				return err
			}
		}
		return nil
	}
	gone := func(rd vault.Reader) {
		t.Helper()
		for _, kind := range []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets} {
			_, errObject := rd.Object(r.As(kind))
			_, errFirst := rd.Version(r.As(kind), id(0))
			_, errLast := rd.Version(r.As(kind), id(many-1))
			list, err := rd.Versions(r.As(kind), "", many)
			if !errors.Is(errObject, vault.ErrNotFound) || !errors.Is(errFirst, vault.ErrNotFound) || !errors.Is(errLast, vault.ErrNotFound) || len(list) != 0 || err != nil {
				t.Errorf("purged: %v, %v, %v, %d versions (%v)", errObject, errFirst, errLast, len(list), err)
			}
		}
	}
	update(t, s, func(tx vault.Tx) error { return fill(tx, many) })
	same(t, "versions", len(versions(t, s, r)), many)
	update(t, s, func(tx vault.Tx) error {
		defer gone(tx)
		return Purge(tx, r)
	})
	view(t, s, func(rd vault.Reader) error { gone(rd); return nil })

	// Again and again, with fewer versions each time.
	for n := 3; n > 0; n-- {
		update(t, s, func(tx vault.Tx) error {
			if err := fill(tx, n); err != nil {
				return err
			}
			if err := Purge(tx, r); err != nil {
				return err
			}
			gone(tx)
			return fill(tx, n-1)
		})
		same(t, "versions of the new one", len(versions(t, s, r)), n-1)
		update(t, s, purging(r))
	}
	view(t, s, func(rd vault.Reader) error { gone(rd); return nil })
	same(t, "nothing due", claimedNames(t, s, instant.Add(time.Hour)), []string{})
}
