package storetest

import (
	"errors"
	"testing"
	"time"

	"certwright/internal/vault"
)

// versionsAsPut: every member comes back as it was put, nil and empty apart.
func versionsAsPut(t *testing.T, s vault.Store) {
	a, k, x := ref("a"), ref("k").As(vault.Keys), ref("x").As(vault.Secrets)
	leafOutside, leafTwice := certificate(a, 2), certificate(a, 3)
	leafOutside.Certificate.Chain = [][]byte{[]byte("ca"), nil, {}}
	leafTwice.Certificate.Chain = [][]byte{leafTwice.Certificate.Leaf, []byte("ca"), leafTwice.Certificate.Leaf}
	versions := []vault.Version{
		certificate(a, 1),
		leafOutside,
		leafTwice,
		{Ref: a, ID: id(4), Certificate: &vault.CertificateBody{}, Key: &vault.KeyBody{}, Secret: &vault.SecretBody{}},
		{Ref: a, ID: id(5), Tags: map[string]string{}, Certificate: &vault.CertificateBody{Leaf: []byte{}, Chain: [][]byte{}, Thumbprint: []byte{}, IssuerRef: []byte{}},
			Key:    &vault.KeyBody{Public: []byte{}, Operations: []string{}, Release: []byte{}, Private: vault.Sealed{}},
			Secret: &vault.SecretBody{Value: vault.Sealed{}}},
		{Ref: a, ID: id(6), Certificate: &vault.CertificateBody{Leaf: []byte("alone"), Chain: [][]byte{[]byte("alone")}}},
		{Ref: a, ID: id(7), Certificate: &vault.CertificateBody{}, Secret: &vault.SecretBody{Value: make(vault.Sealed, 6000)}},
		{Ref: k, ID: id(1), Attributes: vault.Attributes{Expires: time.Unix(0, 0).UTC()},
			Key: &vault.KeyBody{Type: vault.RSA, Size: 2048, Public: []byte("public"), Operations: []string{"sign", "verify"}, Exportable: true, Release: []byte("{ }"), Private: vault.Sealed("sealed")}},
		{Ref: k, ID: id(2), Key: &vault.KeyBody{Type: vault.ECHSM, Curve: vault.P256K, Size: 256, Public: []byte{}, Operations: []string{}, Release: []byte{}, Private: vault.Sealed{}}},
		{Ref: k, ID: id(3), Key: &vault.KeyBody{}},
		{Ref: k, ID: id(4), Key: &vault.KeyBody{Type: vault.EC, Curve: vault.P256K, Size: 256, Public: []byte("public"),
			Spelling: vault.KeySpelling{Curve: vault.Koblitz, N: []byte{0, 1}, E: []byte{0, 2}, X: []byte{0, 3}, Y: []byte{4}}}},
		{Ref: x, ID: id(1), Secret: &vault.SecretBody{ContentType: vault.PEM, Value: make(vault.Sealed, 6000), Previous: id(0)}},
		{Ref: x, ID: id(2), Attributes: vault.Attributes{NotBefore: time.Unix(-1, 0).UTC(), Expires: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
			Secret: &vault.SecretBody{Value: vault.Sealed{}}},
		{Ref: x, ID: id(3), Tags: map[string]string{}, Secret: &vault.SecretBody{}},
	}
	for _, r := range []vault.Ref{a, k, x} {
		put(t, s, vault.Object{Ref: r})
	}
	update(t, s, func(tx vault.Tx) error { return putVersions(tx, versions...) })
	for _, v := range versions {
		same(t, v.Ref.String()+" "+v.ID, version(t, s, v.Ref, v.ID), v)
	}
}

// versionTaken: ErrExists if the id is taken, by the same object only; the
// transaction goes on.
func versionTaken(t *testing.T, s vault.Store) {
	v, beside := certificate(ref("a"), 1), secret(ref("b"), 1)
	putLatest(t, s, v)
	var said error // the last time that the function ran
	update(t, s, func(tx vault.Tx) error {
		other := certificate(ref("A"), 1)
		other.Tags = nil
		said = tx.PutVersion(other)
		o := of(beside)
		return errors.Join(tx.PutVersion(certificate(ref("a"), 2)), tx.PutObject(&o), tx.PutVersion(beside))
	})
	if !errors.Is(said, vault.ErrExists) {
		t.Errorf("the same id again: %v", said)
	}
	same(t, "version", version(t, s, ref("a"), id(1)), v)
	same(t, "the next", version(t, s, ref("a"), id(2)), certificate(ref("a"), 2))
	same(t, "of another object", version(t, s, beside.Ref, id(1)), beside)
}

// versionOfNothing: no version of an object that is not there, or is no longer.
func versionOfNothing(t *testing.T, s vault.Store) {
	putLatest(t, s, secret(ref("a"), 1))
	putLatest(t, s, secret(ref("purged"), 1))
	update(t, s, purging(ref("purged").As(vault.Secrets)))
	for _, v := range []vault.Version{certificate(ref("a"), 2), key(ref("a"), 2), secret(ref("purged"), 2), secret(ref("none"), 2)} {
		err := s.Update(t.Context(), func(tx vault.Tx) error { return tx.PutVersion(v) })
		if err == nil || errors.Is(err, vault.ErrExists) {
			t.Errorf("a version of %s, which is not there: %v", v.Ref, err)
		}
		noVersion(t, s, v.Ref, v.ID)
	}
}

// versionUpdated: UpdateVersion replaces attributes and tags and nothing else.
func versionUpdated(t *testing.T, s vault.Store) {
	v, beside := certificate(ref("a"), 1), certificate(ref("a"), 2)
	before := put(t, s, of(v), v, beside)
	changes := []struct {
		attributes vault.Attributes
		tags       map[string]string
	}{
		{vault.Attributes{Updated: second.Add(time.Hour)}, map[string]string{"x": "y"}},
		{vault.Attributes{Enabled: true, NotBefore: second, Expires: second, Created: second, Updated: second}, map[string]string{}},
		{vault.Attributes{}, nil},
	}
	for _, c := range changes {
		update(t, s, func(tx vault.Tx) error { return tx.UpdateVersion(ref("A"), id(1), c.attributes, c.tags) })
		v.Attributes, v.Tags = c.attributes, c.tags
		same(t, "version", version(t, s, ref("a"), id(1)), v)
	}
	same(t, "the other", version(t, s, ref("a"), id(2)), beside)
	same(t, "the object", object(t, s, ref("a")), before)
	for _, r := range []vault.Ref{ref("a"), ref("none")} {
		refused(t, s, vault.ErrNotFound, func(tx vault.Tx) error { return tx.UpdateVersion(r, id(3), vault.Attributes{}, nil) })
	}
}

// versionDeleted: DeleteVersion removes one, and is no error for none.
func versionDeleted(t *testing.T, s vault.Store) {
	first, second, beside := certificate(ref("a"), 1), certificate(ref("a"), 2), certificate(ref("b"), 1)
	put(t, s, of(second), first, second)
	putLatest(t, s, beside)
	update(t, s, func(tx vault.Tx) error {
		return errors.Join(tx.DeleteVersion(ref("A"), id(1)), tx.DeleteVersion(ref("a"), id(1)), tx.DeleteVersion(ref("none"), id(1)))
	})
	for _, kind := range []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets} {
		noVersion(t, s, ref("a").As(kind), id(1))
	}
	same(t, "version beside", version(t, s, ref("a"), id(2)), second)
	same(t, "object beside", version(t, s, ref("b"), id(1)), beside)
	update(t, s, func(tx vault.Tx) error { return tx.PutVersion(first) })
	same(t, "put again", version(t, s, ref("a"), id(1)), first)
}

// versionsListed: ascending order of id, page by page, of one object only.
func versionsListed(t *testing.T, s vault.Store) {
	put(t, s, vault.Object{Ref: ref("a")}, certificate(ref("a"), 5), certificate(ref("a"), 1), certificate(ref("a"), 4), certificate(ref("a"), 2))
	putLatest(t, s, certificate(ref("aa"), 6))
	putLatest(t, s, certificate(ref("A-"), 3))
	for _, kind := range []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets} {
		want := []vault.Entry{}
		for _, n := range []int{1, 2, 4, 5} {
			want = append(want, certificate(ref("a"), n).As(kind).Entry())
		}
		for limit := 1; limit <= 5; limit++ {
			got := pages(t, limit, func(limit int, last *vault.Entry) []vault.Entry {
				after := ""
				if last != nil {
					after = last.ID
				}
				return get(t, s, func(r vault.Reader) ([]vault.Entry, error) { return r.Versions(ref("A").As(kind), after, limit) })
			})
			same(t, "versions", got, want)
		}
		same(t, "none wanted", len(get(t, s, func(r vault.Reader) ([]vault.Entry, error) { return r.Versions(ref("a").As(kind), "", 0) })), 0)
	}
}
