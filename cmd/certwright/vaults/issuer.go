package vaults

import (
	"context"
	"fmt"
	"io"
	"strings"

	"certwright/internal/ask"
	"certwright/internal/client/keyvault"
	"certwright/internal/print"
)

// Issuer has the commands about a vault's issuers.
type Issuer struct {
	List   issuerList   `cmd:"" help:"List the issuers of the vault."`
	Show   issuerShow   `cmd:"" help:"Show an issuer of the vault."`
	Set    issuerSet    `cmd:"" help:"Make an issuer: a name in the vault for an authority that the server knows."`
	Delete issuerDelete `cmd:"" help:"Delete an issuer; certificates that it issued stay."`
}

type issuerName struct {
	Name string `arg:"" help:"The issuer's name in the vault."`
}

type issuerList struct {
	At           `embed:""`
	print.Format `embed:""`
}

// Help shows how it is used.
func (issuerList) Help() string {
	return "Self and Unknown are issuers of every vault and are not listed.\n\nExample:\n  certwright issuer list"
}

// Run lists them.
func (c issuerList) Run(ctx context.Context, to print.Streams, find Find) error {
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	return print.List(to.On(c.Format), print.Table[keyvault.Issuer]{Name: keyvault.Issuer.Name, None: "the vault has no issuers but Self and Unknown; certwright issuer set makes one", Columns: []print.Column[keyvault.Issuer]{
		{Head: "NAME", Cell: keyvault.Issuer.Name},
		{Head: "PROVIDER", Cell: func(i keyvault.Issuer) string { return i.Provider }},
	}}, v.Issuers().List(ctx))
}

type issuerShow struct {
	At           `embed:""`
	print.Format `embed:""`
	issuerName   `embed:""`
}

// Help shows how it is used.
func (issuerShow) Help() string { return "Example:\n  certwright issuer show corp" }

// Run shows one.
func (c issuerShow) Run(ctx context.Context, to print.Streams, find Find) error {
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	i, err := v.Issuers().Get(ctx, c.Name)
	if err != nil {
		return named(err)
	}
	return showIssuer(to.On(c.Format), i, v.Client.Vault.String())
}

func showIssuer(p *print.Printer, i keyvault.Issuer, vault string) error {
	return p.One(i, i.Name(), func(w io.Writer) error {
		all := []print.Field{{Label: "name", Text: i.Name()}, {Label: "vault", Text: vault}, {Label: "provider", Text: i.Provider}}
		if a := i.Attributes; a != nil {
			state := "enabled"
			if a.Off() {
				state = "disabled"
			}
			all = append(all, print.Field{Label: "state", Text: state})
		}
		if cr := i.Credentials; cr != nil {
			all = append(all, print.Field{Label: "account", Text: cr.Account})
		}
		if o := i.Organization; o != nil {
			var admins []string
			for _, a := range o.Admins {
				admins = append(admins, strings.Join(strings.Fields(a.FirstName+" "+a.LastName+" "+a.Email+" "+a.Phone), " "))
			}
			all = append(all, print.Field{Label: "organization", Text: o.ID}, print.Field{Label: "administrators", Text: strings.Join(admins, "\n")})
		}
		return p.Fields(w, all...)
	})
}

type issuerSet struct {
	At           `embed:""`
	print.Format `embed:""`
	issuerName   `embed:""`
	Provider     string `help:"The authority: a provider of the server's configuration; at Azure DigiCert or GlobalSign." placeholder:"NAME"`
	Account      string `help:"The vault's account at the authority." placeholder:"ID"`
	PasswordFile string `help:"The file with the account's password or API key." placeholder:"FILE"`
	Organization string `help:"The organization's id at the authority." placeholder:"ID"`
	AdminEmail   string `help:"The e-mail address of the organization's administrator." placeholder:"ADDRESS"`
	AdminFirst   string `name:"admin-first-name" help:"The administrator's first name." placeholder:"NAME"`
	AdminLast    string `name:"admin-last-name" help:"The administrator's last name." placeholder:"NAME"`
	AdminPhone   string `help:"The administrator's phone number." placeholder:"NUMBER"`
	Disabled     bool   `help:"Keep it from issuing."`
}

// Help shows how it is used.
func (issuerSet) Help() string {
	return "Of an issuer that is there all is replaced.\n\nExample:\n  certwright issuer set own --provider Internal\n  certwright issuer set digicert --provider DigiCert --account 123 --password-file api.key --organization 7"
}

// Run makes one.
func (c issuerSet) Run(ctx context.Context, to print.Streams, find Find) error {
	p := ask.At(to)
	if c.Provider == "" && p == nil {
		return misused("it is not said which authority %s is\nhint: --provider Internal is the built-in CA of a server of this program; at Azure there are DigiCert and GlobalSign", c.Name)
	}
	in, err := c.issuer(to, p)
	if err != nil {
		return err
	}
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	done, err := v.Issuers().Set(ctx, c.Name, in)
	if err != nil {
		return named(err)
	}
	fmt.Fprintf(to.Err, "certwright cert new NAME --issuer %s --dns HOST has a certificate made by it\n", c.Name)
	return showIssuer(to.On(c.Format), done, v.Client.Vault.String())
}

func (c issuerSet) issuer(to print.Streams, p *ask.Person) (in keyvault.Issuer, err error) {
	if c.Provider == "" {
		if c.Provider, err = p.Line("provider, as the server's configuration names it", "Internal"); err != nil {
			return in, err
		}
	}
	in = keyvault.Issuer{Provider: c.Provider, Attributes: &keyvault.Attributes{Enabled: keyvault.On(!c.Disabled)}}
	if c.Account != "" || c.PasswordFile != "" {
		in.Credentials = &keyvault.Credentials{Account: c.Account}
		if in.Credentials.Password, err = ask.Password(to, c.PasswordFile, "password of the account, or its API key"); err != nil {
			return in, err
		}
	}
	admin := keyvault.Admin{FirstName: c.AdminFirst, LastName: c.AdminLast, Email: c.AdminEmail, Phone: c.AdminPhone}
	if c.Organization != "" || admin != (keyvault.Admin{}) {
		in.Organization = &keyvault.Organization{ID: c.Organization}
		if admin != (keyvault.Admin{}) {
			in.Organization.Admins = []keyvault.Admin{admin}
		}
	}
	return in, nil
}

type issuerDelete struct {
	At         `embed:""`
	issuerName `embed:""`
	Sure       `embed:""`
}

// Help shows how it is used.
func (issuerDelete) Help() string { return "Example:\n  certwright issuer delete corp --yes" }

// Run deletes one.
func (c issuerDelete) Run(ctx context.Context, to print.Streams, find Find) error {
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	if err := c.sure(to, "issuer delete "+c.Name, "delete it", c.Name); err != nil {
		return err
	}
	if _, err := v.Issuers().Delete(ctx, c.Name); err != nil {
		return named(err)
	}
	fmt.Fprintf(to.Err, "deleted issuer %s; certificates whose policies name it do not renew until it is set again\n", c.Name)
	return nil
}
