package storetest

import (
	"testing"

	"certwright/internal/vault"
)

// issuersAsPut: insert and replace, name as typed, compared without case; nil
// and empty apart.
func issuersAsPut(t *testing.T, s vault.Store) {
	steps := []vault.IssuerConfig{
		fullIssuer("web", "My.Issuer_1"),
		{Vault: "web", Name: "MY.Issuer_1", Provider: "Test"},
		{Vault: "web", Name: "my.issuer_1", Credentials: &vault.Credentials{Password: vault.Sealed{}}, Organization: &vault.Organization{Admins: []vault.Admin{}}},
		{Vault: "web", Name: "my.issuer_1", Credentials: &vault.Credentials{}, Organization: &vault.Organization{}},
	}
	for _, c := range steps {
		update(t, s, func(tx vault.Tx) error { return tx.PutIssuer(c) })
		same(t, "issuer", get(t, s, func(r vault.Reader) (vault.IssuerConfig, error) { return r.Issuer("web", "my.ISSUER_1") }), c)
	}
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.IssuerConfig, error) { return r.Issuer("other", "my.issuer_1") })
	update(t, s, func(tx vault.Tx) error { return tx.DeleteIssuer("web", "MY.ISSUER_1") })
	refused(t, s, vault.ErrNotFound, func(tx vault.Tx) error { return tx.DeleteIssuer("web", "my.issuer_1") })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.IssuerConfig, error) { return r.Issuer("web", "my.issuer_1") })
}

// issuersListed: ascending order of lower-cased name, page by page, one vault's only.
func issuersListed(t *testing.T, s vault.Store) {
	update(t, s, func(tx vault.Tx) error {
		for _, name := range []string{"c", "B", "d", "A", "e"} {
			if err := tx.PutIssuer(fullIssuer("web", name)); err != nil {
				return err
			}
		}
		return tx.PutIssuer(fullIssuer("other", "bb"))
	})
	want := []vault.IssuerConfig{}
	for _, name := range []string{"A", "B", "c", "d", "e"} {
		want = append(want, fullIssuer("web", name))
	}
	for limit := 1; limit <= 6; limit++ {
		same(t, "issuers", pages(t, limit, func(limit int, last *vault.IssuerConfig) []vault.IssuerConfig {
			after := ""
			if last != nil {
				after = vault.Ref{Name: last.Name}.Key()
			}
			return get(t, s, func(r vault.Reader) ([]vault.IssuerConfig, error) { return r.Issuers("web", after, limit) })
		}), want)
	}
}

// contacts: replaced whole, an empty list is a list, ErrNotFound where there is none.
func contacts(t *testing.T, s vault.Store) {
	for _, list := range [][]vault.Contact{
		{{Email: "a@example.org", Name: "A", Phone: "1"}, {}, {Email: "b@example.org"}},
		{{Email: "b@example.org"}},
		{},
		nil,
	} {
		update(t, s, func(tx vault.Tx) error { return tx.PutContacts("web", list) })
		same(t, "contacts", get(t, s, func(r vault.Reader) ([]vault.Contact, error) { return r.Contacts("web") }), list)
	}
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) ([]vault.Contact, error) { return r.Contacts("other") })
	update(t, s, func(tx vault.Tx) error { return tx.DeleteContacts("web") })
	refused(t, s, vault.ErrNotFound, func(tx vault.Tx) error { return tx.DeleteContacts("web") })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) ([]vault.Contact, error) { return r.Contacts("web") })
}

// vaultsListed: each vault once that has an object, deleted or not, an issuer
// or contacts, in order of name, page by page, and no longer; "-" is none.
func vaultsListed(t *testing.T, s vault.Store) {
	gone := vault.Ref{Vault: "gone", Kind: vault.Secrets, Name: "a"}
	for _, r := range []vault.Ref{ref("a"), ref("b"), {Vault: "both", Kind: vault.Keys, Name: "k"}, {Vault: "-", Kind: vault.Sinks, Name: hook}, gone} {
		put(t, s, vault.Object{Ref: r})
	}
	change(t, s, gone, func(o *vault.Object) { o.Deletion = deleted() })
	update(t, s, func(tx vault.Tx) error {
		for _, name := range []string{"both", "issuers-1"} {
			if err := tx.PutIssuer(fullIssuer(name, "i")); err != nil {
				return err
			}
		}
		return tx.PutContacts("a-1", []vault.Contact{{Email: "a@example.org"}})
	})
	list := func(limit int) []string {
		return pages(t, limit, func(limit int, last *string) []string {
			after := ""
			if last != nil {
				after = *last
			}
			return get(t, s, func(r vault.Reader) ([]string, error) { return r.Vaults(after, limit) })
		})
	}
	for limit := 1; limit <= 6; limit++ {
		same(t, "vaults", list(limit), []string{"a-1", "both", "gone", "issuers-1", "web"})
	}
	same(t, "a page of none", get(t, s, func(r vault.Reader) ([]string, error) { return r.Vaults("", 0) }), []string{})
	update(t, s, func(tx vault.Tx) error {
		if err := tx.DeleteContacts("a-1"); err != nil {
			return err
		}
		return Purge(tx, gone)
	})
	same(t, "vaults after a purge", list(9), []string{"both", "issuers-1", "web"})
}
