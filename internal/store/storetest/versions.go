package storetest

import (
	"errors"
	"testing"
	"time"

	"certwright/internal/vault"
)

// versionsAsPut: every member comes back as it was put, nil and empty apart.
func versionsAsPut(t *testing.T, s vault.Store) {
	leafOutside := certificate(ref("a"), 2)
	leafOutside.Certificate.Chain = [][]byte{[]byte("ca"), nil, {}}
	leafTwice := certificate(ref("a"), 3)
	leafTwice.Certificate.Chain = [][]byte{leafTwice.Certificate.Leaf, []byte("ca"), leafTwice.Certificate.Leaf}
	versions := []vault.Version{
		certificate(ref("a"), 1),
		leafOutside,
		leafTwice,
		{Ref: ref("a"), ID: id(4), Certificate: &vault.CertificateBody{}},
		{Ref: ref("a"), ID: id(5), Certificate: &vault.CertificateBody{Leaf: []byte{}, Chain: [][]byte{}, Thumbprint: []byte{}, IssuerRef: []byte{}}},
		{Ref: ref("a"), ID: id(6), Tags: map[string]string{}, Pending: true},
		{Ref: ref("a").As(vault.Keys), ID: id(1), Managed: true, Attributes: vault.Attributes{Expires: time.Unix(0, 0).UTC()},
			Key: &vault.KeyBody{Type: vault.RSA, Size: 2048, Public: []byte("public"), Operations: []string{"sign", "verify"}, Exportable: true, Release: []byte("{ }"), Private: vault.Sealed("sealed")}},
		{Ref: ref("a").As(vault.Keys), ID: id(2), Key: &vault.KeyBody{Type: vault.ECHSM, Curve: vault.P256K, Size: 256, Public: []byte{}, Operations: []string{}, Release: []byte{}, Private: vault.Sealed{}}},
		{Ref: ref("a").As(vault.Keys), ID: id(3), Key: &vault.KeyBody{}},
		{Ref: ref("a").As(vault.Keys), ID: id(4), Key: &vault.KeyBody{Type: vault.EC, Curve: vault.P256K, Size: 256, Public: []byte("public"),
			Spelling: vault.KeySpelling{Curve: vault.Koblitz, N: []byte{0, 1}, E: []byte{0, 2}, X: []byte{0, 3}, Y: []byte{4}}}},
		{Ref: ref("a").As(vault.Secrets), ID: id(1), Managed: true, Secret: &vault.SecretBody{ContentType: vault.PEM, Value: make(vault.Sealed, 6000), Previous: id(0)}},
		{Ref: ref("a").As(vault.Secrets), ID: id(2), Attributes: vault.Attributes{NotBefore: time.Unix(-1, 0).UTC(), Expires: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
			Secret: &vault.SecretBody{Value: vault.Sealed{}}},
		{Ref: ref("a").As(vault.Secrets), ID: id(3), Secret: &vault.SecretBody{}},
	}
	update(t, s, func(tx vault.Tx) error {
		for _, v := range versions {
			if err := tx.PutVersion(v); err != nil {
				return err
			}
		}
		return nil
	})
	for _, v := range versions {
		got := get(t, s, func(r vault.Reader) (vault.Version, error) { return r.Version(v.Ref, v.ID) })
		same(t, v.Ref.String()+" "+v.ID, got, v)
	}
}

// versionTaken: ErrExists if the id is taken, by the same object only; the
// transaction goes on.
func versionTaken(t *testing.T, s vault.Store) {
	v := certificate(ref("a"), 1)
	update(t, s, func(tx vault.Tx) error {
		if err := tx.PutVersion(v); err != nil {
			return err
		}
		other := certificate(ref("a"), 1)
		other.Tags = nil
		if err := tx.PutVersion(other); !errors.Is(err, vault.ErrExists) {
			t.Errorf("the same id again: %v", err)
		}
		if err := tx.PutVersion(certificate(ref("a"), 2)); err != nil {
			return err
		}
		return tx.PutVersion(vault.Version{Ref: ref("a").As(vault.Keys), ID: id(1)})
	})
	same(t, "version", get(t, s, func(r vault.Reader) (vault.Version, error) { return r.Version(ref("a"), id(1)) }), v)
	get(t, s, func(r vault.Reader) (vault.Version, error) { return r.Version(ref("a"), id(2)) })
}

// versionUpdated: UpdateVersion replaces attributes and tags and nothing else.
func versionUpdated(t *testing.T, s vault.Store) {
	v, beside := certificate(ref("a"), 1), certificate(ref("a"), 2)
	update(t, s, func(tx vault.Tx) error { return errors.Join(tx.PutVersion(v), tx.PutVersion(beside)) })
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
		same(t, "version", get(t, s, func(r vault.Reader) (vault.Version, error) { return r.Version(ref("a"), id(1)) }), v)
	}
	same(t, "the other", get(t, s, func(r vault.Reader) (vault.Version, error) { return r.Version(ref("a"), id(2)) }), beside)
	refused(t, s, vault.ErrNotFound, func(tx vault.Tx) error { return tx.UpdateVersion(ref("a"), id(3), vault.Attributes{}, nil) })
}

// versionDeleted: DeleteVersion removes one, and is no error for none.
func versionDeleted(t *testing.T, s vault.Store) {
	update(t, s, func(tx vault.Tx) error {
		return errors.Join(tx.PutVersion(certificate(ref("a"), 1)), tx.PutVersion(certificate(ref("a"), 2)),
			tx.PutVersion(certificate(ref("b"), 1)))
	})
	update(t, s, func(tx vault.Tx) error {
		return errors.Join(tx.DeleteVersion(ref("A"), id(1)), tx.DeleteVersion(ref("a"), id(1)), tx.DeleteVersion(ref("none"), id(1)))
	})
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.Version, error) { return r.Version(ref("a"), id(1)) })
	same(t, "version beside", get(t, s, func(r vault.Reader) (vault.Version, error) { return r.Version(ref("a"), id(2)) }), certificate(ref("a"), 2))
	same(t, "object beside", get(t, s, func(r vault.Reader) (vault.Version, error) { return r.Version(ref("b"), id(1)) }), certificate(ref("b"), 1))
	update(t, s, func(tx vault.Tx) error { return tx.PutVersion(certificate(ref("a"), 1)) })
	same(t, "put again", get(t, s, func(r vault.Reader) (vault.Version, error) { return r.Version(ref("a"), id(1)) }), certificate(ref("a"), 1))
}

// versionsListed: completed versions in ascending order of id, page by page,
// without bodies.
func versionsListed(t *testing.T, s vault.Store) {
	order := []int{5, 1, 4, 2, 3}
	update(t, s, func(tx vault.Tx) error {
		for _, n := range order {
			v := certificate(ref("a"), n)
			if n == 3 {
				v = vault.Version{Ref: ref("a"), ID: id(3), Pending: true}
			}
			if err := tx.PutVersion(v); err != nil {
				return err
			}
		}
		return errors.Join(tx.PutVersion(certificate(ref("aa"), 6)), tx.PutVersion(certificate(ref("A-"), 7)))
	})
	want := []vault.Entry{}
	for _, n := range []int{1, 2, 4, 5} {
		want = append(want, certificate(ref("a"), n).Entry())
	}
	for limit := 1; limit <= 5; limit++ {
		got := []vault.Entry{}
		for after := ""; ; {
			page := get(t, s, func(r vault.Reader) ([]vault.Entry, error) { return r.Versions(ref("a"), after, limit) })
			if len(page) == 0 {
				break
			}
			if len(page) > limit {
				t.Fatalf("a page of %d, limit %d", len(page), limit)
			}
			got = append(got, page...)
			after = page[len(page)-1].ID
		}
		same(t, "versions", got, want)
	}
}
