package console

import (
	"errors"
	"net/http"
	"strings"

	"certwright/internal/access"
	"certwright/internal/audit"
	"certwright/internal/console/pages"
	"certwright/internal/console/view"
	"certwright/internal/service"
	"certwright/internal/vault"
)

const (
	listIssuers   vault.Action = "certificates/listissuers"
	setIssuers    vault.Action = "certificates/setissuers"
	deleteIssuers vault.Action = "certificates/deleteissuers"
)

func (c *Console) issuers(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	return c.showIssuers(w, r, http.StatusOK, view.IssuerForm{Vault: q.Get("vault"), Provider: q.Get("provider")}, nil)
}

func (c *Console) showIssuers(w http.ResponseWriter, r *http.Request, status int, form view.IssuerForm, say *view.Say) error {
	who, ctx := c.who(r), r.Context()
	page := view.Issuers{Open: c.Means.Played, New: form}
	vaults, err := c.vaults(ctx, who, listIssuers)
	if err != nil {
		return err
	}
	for _, name := range vaults {
		v, err := c.issuerVault(r, who, name)
		if err != nil {
			return err
		}
		page.New.May = page.New.May || v.Set
		page.Vaults = append(page.Vaults, v)
	}
	page.New.May = page.New.May || c.may(ctx, who, setIssuers, vault.Ref{Vault: usualVault, Kind: vault.Certificates})
	page.New.Vaults = vaults
	page.Providers = c.providers(r, page.New.May || len(vaults) > 0)
	for _, p := range page.Providers {
		page.New.Providers = append(page.New.Providers, p.Name)
	}
	if page.New.Vault == "" {
		page.New.Vault = usualVault
	}
	f := c.frame(r, "Issuers and CAs", "/ui/issuers")
	if say != nil {
		f.Say = say
	}
	return show(w, r, status, view.IssuersPage(f, page))
}

// providers are the authorities, for who has to do with issuers or may read
// operations, with the orders that do not get through: all of them for the latter,
// else those of vaults that the person sees.
func (c *Console) providers(r *http.Request, issuers bool) (all []view.Provider) {
	who, ctx, sees := c.who(r), r.Context(), c.sight(r).sees
	switch {
	case c.may(ctx, who, access.ReadOperations, vault.Ref{}):
		sees = func(string) bool { return true }
	case !issuers && !c.may(ctx, who, access.WriteAuthorities, vault.Ref{}):
		return nil
	}
	all = c.Means.Providers(ctx, sees)
	for i := range all {
		all[i].Rollover = all[i].Kind == "ca" && c.may(ctx, who, access.WriteAuthorities, vault.Ref{})
	}
	return all
}

func (c *Console) issuerVault(r *http.Request, who vault.Caller, name string) (v view.IssuerVault, err error) {
	on := vault.Ref{Vault: name, Kind: vault.Certificates}
	v = view.IssuerVault{Vault: name, Set: c.may(r.Context(), who, setIssuers, on), Delete: c.may(r.Context(), who, deleteIssuers, on),
		Renew: c.may(r.Context(), who, access.WriteIssuers, on)}
	list, err := c.Service.Issuers.List(r.Context(), who, name, service.ListInput{Limit: 200})
	if err != nil {
		return v, err
	}
	for _, i := range list.Items {
		row := view.Issuer{Name: i.Name, Provider: i.Provider, Enabled: i.Enabled, Href: "/ui/issuers/" + name + "/" + i.Name}
		if cr := i.Credentials; cr != nil {
			row.Account, row.Password = vault.Clip(cr.AccountID, 200), cr.Password != nil
		}
		_, row.Accounts = c.Service.Orders.Issuers.Find(i.Provider).(vault.Registrar)
		v.Issuers = append(v.Issuers, row)
	}
	return v, nil
}

// addIssuer registers an issuer; a name that is there already is not replaced.
func (c *Console) addIssuer(w http.ResponseWriter, r *http.Request) error {
	if err := pages.ReadForm(r); err != nil {
		return err
	}
	q := r.PostForm
	form := view.IssuerForm{Vault: strings.ToLower(strings.TrimSpace(q.Get("vault"))), Name: strings.TrimSpace(q.Get("name")), Provider: strings.TrimSpace(q.Get("provider")), Account: strings.TrimSpace(q.Get("account"))}
	err := audited(r, "CertificateIssuerSet", issuerRef(form.Vault, form.Name), func(r *http.Request) error { return c.putIssuer(r, form, q.Get("password")) })
	if err != nil {
		status, say := c.words(err)
		return c.showIssuers(w, r, status, form, &say)
	}
	return c.back(w, r, "/ui/issuers", "issuer")
}

// issuerRef names an issuer as its address does.
func issuerRef(vaultName, name string) vault.Ref {
	return vault.Ref{Vault: vaultName, Kind: "certificates/issuers", Name: name}
}

func (c *Console) putIssuer(r *http.Request, form view.IssuerForm, password string) error {
	if err := vault.CheckVaultName(form.Vault); err != nil {
		return err
	}
	who := c.who(r)
	_, err := c.Service.Issuers.Get(r.Context(), who, form.Vault, form.Name)
	if err == nil {
		return &vault.Error{Reason: vault.Conflict, Code: "Conflict", Message: "The vault " + form.Vault + " has an issuer " + form.Name + " already. Delete it first, or choose another name."}
	}
	if refusal := vault.RefusalIn(err); refusal == nil || refusal.Reason != vault.NotFound {
		return err
	}
	in := service.IssuerInput{Provider: &form.Provider, Credentials: form.Account != "" || password != ""}
	if form.Account != "" {
		in.AccountID = &form.Account
	}
	if password != "" {
		in.Password = new(vault.Hidden(password))
	}
	_, err = c.Service.Issuers.Put(r.Context(), who, form.Vault, form.Name, in)
	return err
}

// doIssuer enables, disables, deletes an issuer, or registers it anew.
func (c *Console) doIssuer(w http.ResponseWriter, r *http.Request) error {
	ref := issuerRef(strings.ToLower(r.PathValue("vault")), r.PathValue("name"))
	d, ok := issuerDeeds[r.PathValue("do")]
	if !ok {
		return c.missing(w, r)
	}
	err := audited(r, d.log, ref, func(r *http.Request) error {
		if err := errors.Join(vault.CheckVaultName(ref.Vault), vault.CheckIssuerName(ref.Name)); err != nil {
			return err
		}
		return d.do(c, r, ref)
	})
	if err != nil {
		status, say := c.words(err)
		return c.showIssuers(w, r, status, view.IssuerForm{}, &say)
	}
	return c.back(w, r, "/ui/issuers", d.word)
}

// issuerDeeds are what can be done with an issuer, by the last part of the path.
var issuerDeeds = map[string]struct {
	word, log string
	do        func(*Console, *http.Request, vault.Ref) error
}{
	"enable":  {"enabled", "CertificateIssuerUpdate", func(c *Console, r *http.Request, on vault.Ref) error { return c.useIssuer(r, on, true) }},
	"disable": {"disabled", "CertificateIssuerUpdate", func(c *Console, r *http.Request, on vault.Ref) error { return c.useIssuer(r, on, false) }},
	"delete": {"issuer-gone", "CertificateIssuerDelete", func(c *Console, r *http.Request, on vault.Ref) error {
		_, err := c.Service.Issuers.Delete(r.Context(), c.who(r), on.Vault, on.Name)
		return err
	}},
	"account": {"account", "CertwrightIssuerRegister", func(c *Console, r *http.Request, on vault.Ref) error {
		if err := c.asOperator(r, access.WriteIssuers, vault.Ref{Vault: on.Vault}); err != nil {
			return err
		}
		_, _, err := c.Service.Operator.Register(r.Context(), on.Vault, on.Name)
		return err
	}},
}

func (c *Console) useIssuer(r *http.Request, on vault.Ref, enabled bool) error {
	_, err := c.Service.Issuers.Update(r.Context(), c.who(r), on.Vault, on.Name, service.IssuerInput{Enabled: &enabled})
	return err
}

// rollover has a built-in CA make a new issuing certificate.
func (c *Console) rollover(w http.ResponseWriter, r *http.Request) error {
	if err := pages.ReadForm(r); err != nil {
		return err
	}
	provider := r.PostForm.Get("provider")
	err := audited(r, "CertwrightRollover", vault.Ref{}, func(r *http.Request) error {
		if err := c.asOperator(r, access.WriteAuthorities, vault.Ref{}); err != nil {
			return err
		}
		if !strings.EqualFold(strings.TrimSpace(r.PostForm.Get("typed")), provider) {
			return vault.Bad("Type the name %s to show that this is meant.", vault.Shorten(provider))
		}
		return c.Means.Rollover(r.Context(), provider)
	}, audit.Fact{Name: "provider", Value: provider})
	if err != nil {
		status, say := c.words(err)
		return c.showIssuers(w, r, status, view.IssuerForm{}, &say)
	}
	return c.back(w, r, "/ui/issuers", "rollover")
}
