package console

import (
	"net/http"
	"slices"
	"strings"

	"certwright/internal/console/fields"
	"certwright/internal/console/pages"
	"certwright/internal/console/view"
	"certwright/internal/engine"
	"certwright/internal/service"
	"certwright/internal/vault"
)

func (c *Console) newCertificate(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	n := view.New{Vault: q.Get("vault"), Name: q.Get("name"), Form: view.PolicyForm{Issuer: q.Get("issuer"), Key: "RSA-2048", Exportable: true, Months: "12",
		Content: vault.PKCS12, Action: vault.AutoRenew, Trigger: "percent", At: "80"}}
	if n.Form.Issuer == "" {
		n.Form.Issuer = vault.SelfIssuer
	}
	if strings.EqualFold(n.Form.Issuer, vault.UnknownIssuer) {
		n.Form.Action = vault.EmailContacts // it never renews by itself
	}
	return c.showNew(w, r, http.StatusOK, n, nil)
}

func (c *Console) showNew(w http.ResponseWriter, r *http.Request, status int, n view.New, say *view.Say) error {
	_, n.Vaults = c.sight(r).numbers()
	if n.Vault == "" {
		n.Vault = pages.UsualVault
		if len(n.Vaults) > 0 && !slices.Contains(n.Vaults, pages.UsualVault) {
			n.Vault = n.Vaults[0]
		}
	}
	n.Form.Issuers = c.issuerNames(r, strings.ToLower(n.Vault))
	if has := n.Form.Issuer; has != "" && !fields.Reserved(has) && !slices.Contains(n.Form.Issuers, has) {
		n.Form.Issuers = append(n.Form.Issuers, has)
	}
	f := c.frame(r, "New certificate", "/ui/new")
	if say != nil {
		f.Say = say
	}
	return show(w, r, status, view.NewPage(f, n))
}

// create orders the certificate that the form describes, and leads to its order.
func (c *Console) create(w http.ResponseWriter, r *http.Request) error {
	if err := pages.ReadForm(r); err != nil {
		return err
	}
	form := fields.Sent(r.PostForm)
	ref := vault.Ref{Vault: strings.ToLower(strings.TrimSpace(r.PostForm.Get("vault"))), Kind: vault.Certificates, Name: strings.TrimSpace(r.PostForm.Get("name"))}
	if err := audited(r, "CertificateCreate", ref, func(r *http.Request) error { return c.order1(r, ref, form) }); err != nil {
		status, say := c.words(err)
		return c.showNew(w, r, status, view.New{Vault: ref.Vault, Name: ref.Name, Form: form}, &say)
	}
	return c.back(w, r, href(ref)+"?tab=order", "ordered")
}

func (c *Console) order1(r *http.Request, ref vault.Ref, form view.PolicyForm) error {
	if err := pages.CheckNames(ref.Vault, ref.Name); err != nil {
		return err
	}
	patch, err := fields.Patch(form, nil)
	if err != nil {
		return err
	}
	if err := c.unused(r, ref); err != nil {
		return err
	}
	_, err = c.Service.Certificates.Create(r.Context(), c.who(r), ref, service.CreateInput{Policy: &patch})
	return err
}

// unused refuses a name that has a certificate: New does not replace its policy.
func (c *Console) unused(r *http.Request, ref vault.Ref) error {
	if err := c.Service.Permit(r.Context(), c.who(r), createAction, ref); err != nil {
		return err
	}
	return c.Service.Store.View(r.Context(), func(rows vault.Reader) error {
		o, there, err := engine.Found(rows.Object(ref))
		if err == nil && there && o.Deletion == nil {
			err = &vault.Error{Reason: vault.Conflict, Code: "Conflict", Message: "The vault " + ref.Vault + " has a certificate " + o.Name +
				" already. Open it to renew it or to change its policy, or choose another name."}
		}
		return err
	})
}

// tryName says of a name, while it is typed, whether it can be used.
func (c *Console) tryName(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	ref := vault.Ref{Vault: strings.ToLower(q.Get("vault")), Kind: vault.Certificates, Name: q.Get("name")}
	if ref.Name == "" {
		return show(w, r, http.StatusOK, view.NameHelp("Letters, digits and hyphens, as programs will ask for it.", false))
	}
	err := pages.CheckNames(ref.Vault, ref.Name)
	if err == nil {
		err = c.unused(r, ref)
	}
	if err != nil {
		_, say := c.words(err)
		return show(w, r, http.StatusOK, view.NameHelp(say.Text, true))
	}
	return show(w, r, http.StatusOK, view.NameHelp("The name is free.", false))
}
