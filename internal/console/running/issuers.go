package running

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

	"github.com/a-h/templ"
)

const (
	listCertificates vault.Action = "certificates/list"
	listIssuers      vault.Action = "certificates/listissuers"
	setIssuers       vault.Action = "certificates/setissuers"
	deleteIssuers    vault.Action = "certificates/deleteissuers"
)

func (m *room) issuers(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	return m.showIssuers(w, r, view.IssuerForm{Vault: q.Get("vault"), Provider: q.Get("provider")}, nil)
}

func (m *room) showIssuers(w http.ResponseWriter, r *http.Request, form view.IssuerForm, refused error) error {
	who, ctx := m.Who(r), r.Context()
	page := view.Issuers{Open: m.Played, New: form}
	vaults, err := m.vaults(r, listIssuers)
	if err != nil {
		return err
	}
	for _, name := range vaults {
		v, err := m.issuerVault(r, who, name)
		if err != nil {
			return err
		}
		page.New.May = page.New.May || v.Set
		page.Vaults = append(page.Vaults, v)
	}
	page.New.May = page.New.May || m.May(ctx, who, setIssuers, vault.Ref{Vault: pages.UsualVault, Kind: vault.Certificates})
	page.New.Vaults = vaults
	page.Providers = m.providers(r, page.New.May || len(vaults) > 0)
	for _, p := range page.Providers {
		page.New.Providers = append(page.New.Providers, p.Name)
	}
	if page.New.Vault == "" {
		page.New.Vault = pages.UsualVault
	}
	return m.Show(w, r, "Issuers and CAs", "/ui/issuers", refused, func(f view.Frame) templ.Component { return view.IssuersPage(f, page) })
}

// providers are the authorities, for who has to do with issuers or may read
// operations, with the orders that do not get through: all of them for the latter,
// else those of vaults that the person sees.
func (m *room) providers(r *http.Request, issuers bool) (all []view.Provider) {
	who, ctx := m.Who(r), r.Context()
	sees := func(name string) bool {
		return m.May(ctx, who, listCertificates, vault.Ref{Vault: name, Kind: vault.Certificates})
	}
	switch {
	case m.May(ctx, who, access.ReadOperations, vault.Ref{}):
		sees = func(string) bool { return true }
	case !issuers && !m.May(ctx, who, access.WriteAuthorities, vault.Ref{}):
		return nil
	}
	all = m.Providers(ctx, sees)
	for i := range all {
		all[i].Rollover = all[i].Kind == "ca" && m.May(ctx, who, access.WriteAuthorities, vault.Ref{})
	}
	return all
}

func (m *room) issuerVault(r *http.Request, who vault.Caller, name string) (v view.IssuerVault, err error) {
	on := vault.Ref{Vault: name, Kind: vault.Certificates}
	v = view.IssuerVault{Vault: name, Set: m.May(r.Context(), who, setIssuers, on), Delete: m.May(r.Context(), who, deleteIssuers, on),
		Renew: m.May(r.Context(), who, access.WriteIssuers, on)}
	list, err := m.Service.Issuers.List(r.Context(), who, name, service.ListInput{Limit: 200})
	if err != nil {
		return v, err
	}
	for _, i := range list.Items {
		row := view.Issuer{Name: i.Name, Provider: i.Provider, Enabled: i.Enabled, Href: "/ui/issuers/" + name + "/" + i.Name}
		if cr := i.Credentials; cr != nil {
			row.Account, row.Password = vault.Clip(cr.AccountID, 200), cr.Password != nil
		}
		_, row.Accounts = m.Service.Orders.Issuers.Find(i.Provider).(vault.Registrar)
		v.Issuers = append(v.Issuers, row)
	}
	return v, nil
}

// addIssuer registers an issuer; a name that is there already is not replaced.
func (m *room) addIssuer(w http.ResponseWriter, r *http.Request) error {
	if err := pages.ReadForm(r); err != nil {
		return err
	}
	q := r.PostForm
	form := view.IssuerForm{Vault: strings.ToLower(strings.TrimSpace(q.Get("vault"))), Name: strings.TrimSpace(q.Get("name")), Provider: strings.TrimSpace(q.Get("provider")), Account: strings.TrimSpace(q.Get("account"))}
	err := m.Audited(r, "CertificateIssuerSet", issuerRef(form.Vault, form.Name), func(r *http.Request) error { return m.putIssuer(r, form, q.Get("password")) })
	if err != nil {
		return m.showIssuers(w, r, form, err)
	}
	return m.Back(w, r, "/ui/issuers", "issuer")
}

// issuerRef names an issuer as its address does.
func issuerRef(vaultName, name string) vault.Ref {
	return vault.Ref{Vault: vaultName, Kind: "certificates/issuers", Name: name}
}

func (m *room) putIssuer(r *http.Request, form view.IssuerForm, password string) error {
	if err := pages.CheckNames(form.Vault, form.Name); err != nil {
		return err
	}
	who := m.Who(r)
	_, err := m.Service.Issuers.Get(r.Context(), who, form.Vault, form.Name)
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
	_, err = m.Service.Issuers.Put(r.Context(), who, form.Vault, form.Name, in)
	return err
}

// doIssuer enables, disables, deletes an issuer, or registers it anew.
func (m *room) doIssuer(w http.ResponseWriter, r *http.Request) error {
	ref := issuerRef(strings.ToLower(r.PathValue("vault")), r.PathValue("name"))
	d, ok := issuerDeeds[r.PathValue("do")]
	if !ok {
		return pages.Missing()
	}
	err := m.Audited(r, d.log, ref, func(r *http.Request) error {
		if err := errors.Join(vault.CheckVaultName(ref.Vault), vault.CheckIssuerName(ref.Name)); err != nil {
			return err
		}
		return d.do(m, r, ref)
	})
	if err != nil {
		return m.showIssuers(w, r, view.IssuerForm{}, err)
	}
	return m.Back(w, r, "/ui/issuers", d.word)
}

// issuerDeeds are what can be done with an issuer, by the last part of the path.
var issuerDeeds = map[string]struct {
	word, log string
	do        func(*room, *http.Request, vault.Ref) error
}{
	"enable":  {"enabled", "CertificateIssuerUpdate", func(m *room, r *http.Request, on vault.Ref) error { return m.useIssuer(r, on, true) }},
	"disable": {"disabled", "CertificateIssuerUpdate", func(m *room, r *http.Request, on vault.Ref) error { return m.useIssuer(r, on, false) }},
	"delete": {"issuer-gone", "CertificateIssuerDelete", func(m *room, r *http.Request, on vault.Ref) error {
		_, err := m.Service.Issuers.Delete(r.Context(), m.Who(r), on.Vault, on.Name)
		return err
	}},
	"account": {"account", "CertwrightIssuerRegister", func(m *room, r *http.Request, on vault.Ref) error {
		if err := m.AsOperator(r, access.WriteIssuers, vault.Ref{Vault: on.Vault}); err != nil {
			return err
		}
		_, _, err := m.Service.Operator.Register(r.Context(), on.Vault, on.Name)
		return err
	}},
}

func (m *room) useIssuer(r *http.Request, on vault.Ref, enabled bool) error {
	_, err := m.Service.Issuers.Update(r.Context(), m.Who(r), on.Vault, on.Name, service.IssuerInput{Enabled: &enabled})
	return err
}

// rollover has a built-in CA make a new issuing certificate.
func (m *room) rollover(w http.ResponseWriter, r *http.Request) error {
	if err := pages.ReadForm(r); err != nil {
		return err
	}
	provider := r.PostForm.Get("provider")
	err := m.Audited(r, "CertwrightRollover", vault.Ref{}, func(r *http.Request) error {
		if err := m.AsOperator(r, access.WriteAuthorities, vault.Ref{}); err != nil {
			return err
		}
		if !strings.EqualFold(strings.TrimSpace(r.PostForm.Get("typed")), provider) {
			return vault.Bad("Type the name %s to show that this is meant.", vault.Shorten(provider))
		}
		return m.Rollover(r.Context(), provider)
	}, audit.Fact{Name: "provider", Value: provider})
	if err != nil {
		return m.showIssuers(w, r, view.IssuerForm{}, err)
	}
	return m.Back(w, r, "/ui/issuers", "rollover")
}
