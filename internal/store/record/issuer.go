package record

import "certwright/internal/vault"

// issuerRecord is a vault.IssuerConfig as stored, but for its vault.
type issuerRecord struct {
	V            int                 `json:"v"`
	Name         string              `json:"name"`
	Provider     string              `json:"provider"`
	Credentials  *credentialsRecord  `json:"credentials,omitzero"`
	Organization *organizationRecord `json:"organization,omitzero"`
	Enabled      bool                `json:"enabled,omitzero"`
	Created      *int64              `json:"created,omitzero"`
	Updated      *int64              `json:"updated,omitzero"`
	Later        vault.Later         `json:"...,omitzero"`
}

type credentialsRecord struct {
	AccountID string      `json:"account,omitzero"`
	Password  []byte      `json:"password,omitzero"` // sealed
	Later     vault.Later `json:"...,omitzero"`
}

type organizationRecord struct {
	ID     string         `json:"id,omitzero"`
	Admins []personRecord `json:"admins,omitzero"`
	Later  vault.Later    `json:"...,omitzero"`
}

// personRecord is an admin or a contact.
type personRecord struct {
	First string      `json:"first,omitzero"`
	Last  string      `json:"last,omitzero"`
	Name  string      `json:"name,omitzero"`
	Email string      `json:"email,omitzero"`
	Phone string      `json:"phone,omitzero"`
	Later vault.Later `json:"...,omitzero"`
}

// contactsRecord is a vault's list of contacts as stored.
type contactsRecord struct {
	V        int            `json:"v"`
	Contacts []personRecord `json:"contacts,omitzero"`
	Later    vault.Later    `json:"...,omitzero"`
}

func fromIssuer(c vault.IssuerConfig) issuerRecord {
	r := issuerRecord{V: recordVersion, Name: c.Name, Provider: c.Provider,
		Enabled: c.Enabled, Created: Nanos(c.Created), Updated: Nanos(c.Updated), Later: c.Later}
	if c.Credentials != nil {
		r.Credentials = &credentialsRecord{AccountID: c.Credentials.AccountID, Password: c.Credentials.Password, Later: c.Credentials.Later}
	}
	if o := c.Organization; o != nil {
		r.Organization = &organizationRecord{ID: o.ID, Later: o.Later}
		if o.Admins != nil {
			r.Organization.Admins = make([]personRecord, len(o.Admins))
		}
		for i, a := range o.Admins {
			r.Organization.Admins[i] = personRecord{First: a.FirstName, Last: a.LastName, Email: a.Email, Phone: a.Phone, Later: a.Later}
		}
	}
	return r
}

func (r issuerRecord) issuer(vaultName string) vault.IssuerConfig {
	c := vault.IssuerConfig{Vault: vaultName, Name: r.Name, Provider: r.Provider,
		Enabled: r.Enabled, Created: AtNanos(r.Created), Updated: AtNanos(r.Updated), Later: r.Later}
	if r.Credentials != nil {
		c.Credentials = &vault.Credentials{AccountID: r.Credentials.AccountID, Password: r.Credentials.Password, Later: r.Credentials.Later}
	}
	if o := r.Organization; o != nil {
		c.Organization = &vault.Organization{ID: o.ID, Later: o.Later}
		if o.Admins != nil {
			c.Organization.Admins = make([]vault.Admin, len(o.Admins))
		}
		for i, a := range o.Admins {
			c.Organization.Admins[i] = vault.Admin{FirstName: a.First, LastName: a.Last, Email: a.Email, Phone: a.Phone, Later: a.Later}
		}
	}
	return c
}

func fromContacts(list []vault.Contact) contactsRecord {
	r := contactsRecord{V: recordVersion}
	if list != nil {
		r.Contacts = make([]personRecord, len(list))
	}
	for i, c := range list {
		r.Contacts[i] = personRecord{Name: c.Name, Email: c.Email, Phone: c.Phone, Later: c.Later}
	}
	return r
}

func (r contactsRecord) contacts() []vault.Contact {
	if r.Contacts == nil {
		return nil
	}
	list := make([]vault.Contact, len(r.Contacts))
	for i, c := range r.Contacts {
		list[i] = vault.Contact{Name: c.Name, Email: c.Email, Phone: c.Phone, Later: c.Later}
	}
	return list
}
