package api

import (
	"certwright/internal/service"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// issuerJSON is an issuer resource in the recorded order of members. The
// password is write-only, absent members stay absent (docs/contract/certificates.md).
type issuerJSON struct {
	ID           string            `json:"id"`
	Provider     string            `json:"provider"`
	Credentials  *credentialsJSON  `json:"credentials,omitempty"`
	Organization *organizationJSON `json:"org_details,omitempty"`
	Attributes   policyAttributes  `json:"attributes"`
}

type credentialsJSON struct {
	AccountID string `json:"account_id,omitempty"`
}

// organizationJSON carries the zip 0 that the service adds.
type organizationJSON struct {
	ID     string      `json:"id,omitempty"`
	Zip    int         `json:"zip"`
	Admins []adminJSON `json:"admin_details,omitzero"`
}

type adminJSON struct {
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
	Email     string `json:"email,omitempty"`
	Phone     string `json:"phone,omitempty"`
}

type issuerItem struct {
	ID       string `json:"id"`
	Provider string `json:"provider"`
}

func (b base) issuers() string           { return string(b) + "/certificates/issuers" }
func (b base) issuer(name string) string { return b.issuers() + "/" + name }

func (v view) issuer(i vault.IssuerConfig) issuerJSON {
	out := issuerJSON{ID: v.base.issuer(i.Name), Provider: i.Provider,
		Attributes: policyAttributes{i.Enabled, wire.Seconds(i.Created), wire.Seconds(i.Updated)}}
	if i.Credentials != nil {
		out.Credentials = &credentialsJSON{i.Credentials.AccountID}
	}
	if o := i.Organization; o != nil {
		out.Organization = &organizationJSON{ID: o.ID}
		for _, a := range o.Admins {
			out.Organization.Admins = append(out.Organization.Admins, adminJSON{a.FirstName, a.LastName, a.Email, a.Phone})
		}
		if o.Admins != nil && len(o.Admins) == 0 {
			out.Organization.Admins = []adminJSON{}
		}
	}
	return out
}

// issuerIn is an issuer as requests send it.
type issuerIn struct {
	Provider    *string `json:"provider"`
	Credentials *struct {
		AccountID *string `json:"account_id"`
		Password  *string `json:"pwd"`
	} `json:"credentials"`
	Organization *struct {
		ID     *string      `json:"id"`
		Admins *[]adminJSON `json:"admin_details"`
	} `json:"org_details"`
	Attributes *attributesIn `json:"attributes"`
}

func (c *call) issuerInput() (in service.IssuerInput, err error) {
	var sent issuerIn
	if err := c.decode(&sent, issuerJSON{}); err != nil {
		return in, err
	}
	in.Provider, in.Enabled = sent.Provider, sent.Attributes.enabled()
	if cr := sent.Credentials; cr != nil {
		in.Credentials, in.AccountID, in.Password = true, cr.AccountID, (*vault.Hidden)(cr.Password)
	}
	if o := sent.Organization; o != nil {
		in.Organization = &service.OrganizationInput{ID: o.ID}
		if o.Admins != nil {
			admins := make([]vault.Admin, 0, len(*o.Admins))
			for _, a := range *o.Admins {
				admins = append(admins, vault.Admin{FirstName: a.FirstName, LastName: a.LastName, Email: a.Email, Phone: a.Phone})
			}
			in.Organization.Admins = &admins
		}
	}
	return in, nil
}

func listIssuers(s *service.Service, c *call) (answer, error) {
	return listed(c, c.base.issuers(), func(in service.ListInput) (service.Page[vault.IssuerConfig], error) {
		return s.Issuers.List(c.ctx, c.who, c.vault, in)
	}, func(i vault.IssuerConfig, _ vault.Settings) issuerItem {
		return issuerItem{c.base.issuer(i.Name), i.Provider}
	})
}

func getIssuer(s *service.Service, c *call) (answer, error) {
	return shown(c.view().issuer)(s.Issuers.Get(c.ctx, c.who, c.vault, c.path.issuer))
}

func putIssuer(s *service.Service, c *call) (answer, error) {
	in, err := c.issuerInput()
	if err != nil {
		return answer{}, err
	}
	if in.Provider == nil || *in.Provider == "" {
		return answer{}, wire.Missing("provider")
	}
	return shown(c.view().issuer)(s.Issuers.Put(c.ctx, c.who, c.vault, c.path.issuer, in))
}

func updateIssuer(s *service.Service, c *call) (answer, error) {
	in, err := c.issuerInput()
	if err != nil {
		return answer{}, err
	}
	return shown(c.view().issuer)(s.Issuers.Update(c.ctx, c.who, c.vault, c.path.issuer, in))
}

func deleteIssuer(s *service.Service, c *call) (answer, error) {
	return shown(c.view().issuer)(s.Issuers.Delete(c.ctx, c.who, c.vault, c.path.issuer))
}
