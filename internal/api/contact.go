package api

import (
	"strings"

	"certwright/internal/service"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// contactsJSON are a vault's contacts; only what was sent comes back.
type contactsJSON struct {
	ID       string        `json:"id"`
	Contacts []contactJSON `json:"contacts"`
}

type contactJSON struct {
	Email string `json:"email,omitempty"`
	Name  string `json:"name,omitempty"`
	Phone string `json:"phone,omitempty"`
}

func (v view) contacts(list []vault.Contact) contactsJSON {
	out := contactsJSON{ID: string(v.base) + "/certificates/contacts", Contacts: make([]contactJSON, 0, len(list))}
	for _, p := range list {
		out.Contacts = append(out.Contacts, contactJSON{p.Email, p.Name, p.Phone})
	}
	return out
}

func getContacts(s *service.Service, c *call) (answer, error) {
	return shown(c.view().contacts)(s.Contacts.Get(c.ctx, c.who, c.vault))
}

func putContacts(s *service.Service, c *call) (answer, error) {
	var in struct {
		Contacts *[]contactJSON `json:"contacts"`
	}
	if err := c.decode(&in, contactsJSON{}); err != nil {
		return answer{}, err
	}
	if in.Contacts == nil {
		return answer{}, wire.Missing("contacts")
	}
	list := make([]vault.Contact, 0, len(*in.Contacts))
	for _, p := range *in.Contacts {
		if strings.TrimSpace(p.Email) == "" {
			return answer{}, wire.Missing("contacts.email")
		}
		list = append(list, vault.Contact{Email: p.Email, Name: p.Name, Phone: p.Phone})
	}
	return shown(c.view().contacts)(s.Contacts.Put(c.ctx, c.who, c.vault, list))
}

func deleteContacts(s *service.Service, c *call) (answer, error) {
	return shown(c.view().contacts)(s.Contacts.Delete(c.ctx, c.who, c.vault))
}
