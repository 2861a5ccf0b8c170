package service_test

import (
	"fmt"
	"testing"

	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// A list with an address that no mail can go to changes nothing.
func TestContactsAreChecked(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.SetContacts(t)
	_, err := h.Contacts.Put(t.Context(), Nobody, Web.Vault, []vault.Contact{{Email: "ops@example.test"}, {Email: "Ops <ops@example.test>"}})
	Refused(t, err, vault.Invalid, "BadParameter")
	if c, err := h.Contacts.Get(t.Context(), Nobody, Web.Vault); err != nil || len(c) != 1 {
		t.Errorf("%v %v", c, err)
	}
}

// An administrator whom no mail can reach is refused when the issuer is set.
func TestAdministratorsAreChecked(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	put := func(email string) error {
		_, err := h.Issuers.Put(t.Context(), Nobody, "default", "own", service.IssuerInput{Provider: new("Internal"), Organization: &service.OrganizationInput{Admins: &[]vault.Admin{{Email: email}}}})
		return err
	}
	Must(t, put("pki@example.test"))
	Refused(t, put("pki"), vault.Invalid, "BadParameter")
}

// Every mail is one for each contact.
func TestContactsAreBounded(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	var list []vault.Contact
	for i := range 500 {
		list = append(list, vault.Contact{Email: fmt.Sprintf("ops%d@example.test", i)})
	}
	_, err := h.Contacts.Put(t.Context(), Nobody, "default", list)
	Must(t, err)
	_, err = h.Contacts.Put(t.Context(), Nobody, "default", append(list, list[0]))
	Refused(t, err, vault.Invalid, "BadParameter")
}
