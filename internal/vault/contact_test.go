package vault_test

import (
	"strings"
	"testing"

	"certwright/internal/vault"
)

// Addresses that Key Vault's own samples use are taken; what no mail can go to
// is refused, by its place.
func TestCheckContacts(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"admin@contoso.com", "foo@bar", "one@localhost", "a.b+c@x.example.org", "jürgen@example.org", strings.Repeat("a", 60) + "@example.org"} {
		if err := vault.CheckContacts([]vault.Contact{{Email: good}}); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", " ", "ops", "@example.org", "ops@", "ops@@example.org", "a b@example.org", " ops@example.org", "Ops <ops@example.org>", "<ops@example.org>",
		"a@example.org, b@example.org", "a@example.org;b@example.org", "a..b@example.org", "ops@example.org\r\nBcc: x@example.org", "ops@exa mple.org",
		strings.Repeat("a", 250) + "@example.org"} {
		err := vault.CheckContacts([]vault.Contact{{Email: "ops@example.org"}, {Email: bad}})
		if err == nil || !strings.Contains(err.Error(), "contacts[1].email ") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := vault.CheckContacts(make([]vault.Contact, vault.MaxContacts+1)); err == nil {
		t.Error("a list without end is taken")
	}
}

// An administrator may have no address; one that is there must be one.
func TestCheckAdmins(t *testing.T) {
	t.Parallel()
	if err := vault.CheckAdmins([]vault.Admin{{FirstName: "Kim"}, {Email: "pki@example.org"}}); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"ops", "Ops <ops@example.org>", "ops@example.org "} {
		err := vault.CheckAdmins([]vault.Admin{{FirstName: "Kim"}, {Email: bad}})
		if err == nil || !strings.Contains(err.Error(), "org_details.admin_details[1].email ") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
