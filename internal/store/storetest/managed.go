package storetest

import (
	"errors"
	"testing"

	"certwright/internal/vault"
)

// managedKinds are what a certificate may be seen as.
var managedKinds = []vault.Kind{vault.Keys, vault.Secrets}

// seen returns what Object shows of a certificate as its key or secret.
func seen(o vault.Object, k vault.Kind) vault.Object {
	return vault.Object{Ref: o.Ref.As(k), Latest: o.Latest, Placeholder: o.Placeholder, Managed: true, Deletion: o.Deletion,
		Operation: o.Operation, Created: o.Created, Rev: o.Rev, Lease: o.Lease, Attempt: o.Attempt}
}

// namesNotShared: a certificate shares its name with no key and no secret,
// deleted or not; a key and a secret may share one, as may what no URL leads to.
func namesNotShared(t *testing.T, s vault.Store) {
	certificate, beside := ref("Cert"), ref("plain")
	put(t, s, vault.Object{Ref: certificate})
	for _, kind := range managedKinds {
		refused(t, s, vault.ErrStale, putting(vault.Object{Ref: ref("cERT").As(kind)}))
	}
	for _, kind := range []vault.Kind{vault.Keys, vault.Secrets, vault.Sinks, vault.VaultJobs, vault.Withdrawn} {
		put(t, s, vault.Object{Ref: beside.As(kind)})
	}
	refused(t, s, vault.ErrStale, putting(vault.Object{Ref: ref("PLAIN")}))
	update(t, s, purging(beside.As(vault.Keys)))
	refused(t, s, vault.ErrStale, putting(vault.Object{Ref: beside}))
	update(t, s, purging(beside.As(vault.Secrets)))
	put(t, s, vault.Object{Ref: beside})
	change(t, s, certificate, func(o *vault.Object) { o.Deletion = deleted() })
	for _, kind := range managedKinds {
		refused(t, s, vault.ErrStale, putting(vault.Object{Ref: certificate.As(kind)}))
	}
	update(t, s, purging(certificate))
	for _, kind := range managedKinds {
		put(t, s, vault.Object{Ref: certificate.As(kind)})
	}
	put(t, s, vault.Object{Ref: vault.Ref{Vault: "other", Kind: vault.Keys, Name: "plain"}})
}

// seenAsKeyAndSecret: Object shows a certificate as its key and its secret, be it
// live, deleted, in progress or never completed.
func seenAsKeyAndSecret(t *testing.T, s vault.Store) {
	full := fullObject(ref("Full"))
	for _, o := range []vault.Object{full, pendingObject(ref("pending")), of(certificate(ref("done"), 1))} {
		o = put(t, s, o)
		for _, kind := range managedKinds {
			same(t, "seen as one of "+string(kind), object(t, s, o.Ref.As(kind)), seen(o, kind))
		}
	}
	plain := putLatest(t, s, key(ref("plain"), 1))
	same(t, "a plain key", object(t, s, plain.Ref), plain)
	noObject(t, s, plain.Ref.As(vault.Secrets))
	noObject(t, s, plain.Ref.As(vault.Certificates))
	noObject(t, s, full.Ref.As(vault.Sinks))
}

// managedNotPut: what is seen of a certificate cannot be put or purged, nor get a
// version of its own.
func managedNotPut(t *testing.T, s vault.Store) {
	before := putLatest(t, s, certificate(ref("a"), 1))
	for _, kind := range managedKinds {
		err := s.Update(t.Context(), func(tx vault.Tx) error {
			o, err := tx.Object(ref("a").As(kind))
			if err != nil {
				return err
			}
			o.Latest = id(2)
			return tx.PutObject(&o)
		})
		if err == nil || errors.Is(err, vault.ErrNotFound) || errors.Is(err, vault.ErrStale) { // to try again would not help
			t.Errorf("put of a certificate seen as one of %s: %v", kind, err)
		}
		if err := s.Update(t.Context(), func(tx vault.Tx) error { return tx.PutVersion(vault.Version{Ref: ref("a").As(kind), ID: id(2)}) }); err == nil {
			t.Errorf("a version of its own of a certificate seen as one of %s", kind)
		}
		if err := s.Update(t.Context(), purging(ref("a").As(kind))); err == nil || errors.Is(err, vault.ErrStale) {
			t.Errorf("purge of a certificate seen as one of %s: %v", kind, err)
		}
	}
	same(t, "the certificate", object(t, s, ref("a")), before)
	same(t, "its versions", versions(t, s, ref("a")), []vault.Entry{certificate(ref("a"), 1).Entry()})
}

// versionsSeen: each version of a certificate is one of its key and its secret
// too, with the same dates and tags.
func versionsSeen(t *testing.T, s vault.Store) {
	v, stored := certificate(ref("Both"), 1), certificate(ref("Both"), 2)
	stored.Secret = &vault.SecretBody{ContentType: vault.PKCS12, Value: vault.Sealed("stored"), Previous: id(1)}
	put(t, s, of(stored), v, stored)
	check := func() {
		t.Helper()
		for _, kind := range []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets} {
			r := ref("both").As(kind)
			same(t, "first of "+string(kind), version(t, s, r, v.ID), v.As(kind))
			same(t, "second of "+string(kind), version(t, s, r, stored.ID), stored.As(kind))
			same(t, "versions of "+string(kind), versions(t, s, r), []vault.Entry{v.As(kind).Entry(), stored.As(kind).Entry()})
			noVersion(t, s, r, id(3))
		}
	}
	check()
	v.Attributes, v.Tags = vault.Attributes{Updated: second}, map[string]string{"new": "tag"}
	update(t, s, func(tx vault.Tx) error { return tx.UpdateVersion(ref("both"), v.ID, v.Attributes, v.Tags) })
	check()
	change(t, s, ref("both"), func(o *vault.Object) { o.Deletion = deleted() })
	check()
	update(t, s, purging(ref("both")))
	for _, kind := range []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets} {
		noVersion(t, s, ref("both").As(kind), v.ID)
		same(t, "versions of "+string(kind), len(versions(t, s, ref("both").As(kind))), 0)
	}
}
