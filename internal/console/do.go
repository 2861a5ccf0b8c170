package console

import (
	"cmp"
	"encoding/json"
	"net/http"

	"certwright/internal/access"
	"certwright/internal/admin"
	"certwright/internal/console/fields"
	"certwright/internal/console/merging"
	"certwright/internal/console/pages"
	"certwright/internal/console/view"
	"certwright/internal/service"
	"certwright/internal/vault"
)

// A deed is something that can be done with a certificate: it returns the word
// for what was done, or a refusal.
type deed struct {
	tab string // where its form is
	log string // what the audit log calls it, as the API and the side door do
	of  about  // what it is about
	do  func(*Console, *http.Request, vault.Ref) (word string, err error)
}

// deeds are the buttons of a certificate's page, by the last part of their path.
var deeds = map[string]deed{
	"renew": {"order", "CertificateCreate", theVersion, func(c *Console, r *http.Request, ref vault.Ref) (string, error) { return "renewed", c.renew(r, ref) }},
	"cancel": {"order", "CertificatePendingUpdate", theOrder, func(c *Console, r *http.Request, ref vault.Ref) (string, error) {
		_, err := c.Service.Certificates.UpdateOperation(r.Context(), c.who(r), ref, "", true)
		return "cancel", err
	}},
	"keep": {"order", "CertificatePendingUpdate", theOrder, func(c *Console, r *http.Request, ref vault.Ref) (string, error) {
		_, err := c.Service.Certificates.UpdateOperation(r.Context(), c.who(r), ref, "", false)
		return "kept", err
	}},
	"discard": {"order", "CertificatePendingDelete", theOrder, func(c *Console, r *http.Request, ref vault.Ref) (string, error) {
		_, err := c.Service.Certificates.DeleteOperation(r.Context(), c.who(r), ref, "")
		return "discarded", err
	}},
	"retry":       {"order", "CertwrightRetry", theOrder, (*Console).retry},
	"decide":      {"order", "CertwrightDecide", theOrder, (*Console).decide},
	"merge":       {"order", "CertificatePendingMerge", theOrder, (*Console).merge},
	"policy":      {"policy", "CertificatePolicyUpdate", thePolicy, (*Console).savePolicy},
	"policy-json": {"policy", "CertificatePolicyUpdate", thePolicy, (*Console).savePolicyJSON},
	"tags": {"manage", "CertificateUpdate", theTags, func(c *Console, r *http.Request, ref vault.Ref) (string, error) {
		tags, err := fields.Tags(r.PostForm.Get("tags"))
		if err != nil {
			return "", err
		}
		return "tags", c.update(r, ref, service.UpdateInput{Tags: tags})
	}},
	"disable": {"manage", "CertificateUpdate", theVersion, func(c *Console, r *http.Request, ref vault.Ref) (string, error) {
		return "disabled", c.update(r, ref, service.UpdateInput{Enabled: new(false)})
	}},
	"enable": {"manage", "CertificateUpdate", theVersion, func(c *Console, r *http.Request, ref vault.Ref) (string, error) {
		return "enabled", c.update(r, ref, service.UpdateInput{Enabled: new(true)})
	}},
	"revoke": {"manage", "CertwrightRevoke", theVersion, (*Console).revoke},
	"delete": {"manage", "CertificateDelete", theName, func(c *Console, r *http.Request, ref vault.Ref) (string, error) {
		if err := pages.Typed(r, ref); err != nil {
			return "", err
		}
		_, err := c.Service.Delete(r.Context(), c.who(r), ref)
		return "deleted", err
	}},
}

// needed are the fields without which a form would empty what it changes.
var needed = map[string][]string{"tags": {"tags"}, "policy": {"issuer", "subject", "dns", "emails", "ips", "key", "months"}, "policy-json": {"json"}}

// asked is which certificate a button is about, and what it does.
func asked(r *http.Request) (ref vault.Ref, d deed, err error) {
	if ref, err = place(r); err != nil {
		return ref, d, err
	}
	d, ok := deeds[r.PathValue("do")]
	if !ok {
		err = pages.Missing()
	}
	return ref, d, err
}

// do does what a button says, and shows the page with what came of it.
func (c *Console) do(w http.ResponseWriter, r *http.Request) error {
	ref, d, err := asked(r)
	if err != nil {
		return err
	}
	if err := pages.ReadForm(r, needed[r.PathValue("do")]...); err != nil {
		return err
	}
	word := ""
	err = audited(r, d.log, ref, func(r *http.Request) (err error) {
		if err = c.asShown(r, d, ref); err == nil {
			word, err = d.do(c, r, ref)
		}
		return err
	})
	if err == nil {
		to := href(ref) + "?tab=" + d.tab
		if r.PostForm.Get("back") == "/ui/orders" {
			to = "/ui/orders"
		}
		if word == "deleted" {
			to = "/ui/deleted"
		}
		return c.back(w, r, to, word)
	}
	status, say := c.words(err)
	if completed(err) {
		say.Link = view.Link{Href: href(ref) + "?tab=versions", Word: "See its versions"}
	}
	q := r.URL.Query()
	q.Set("tab", d.tab)
	r.URL.RawQuery = q.Encode()
	return c.showCertificate(w, r, status, &say, kept(r))
}

// kept puts what was sent and refused back into the form, so that nobody has to
// write it again.
func kept(r *http.Request) func(*view.Certificate) {
	return func(m *view.Certificate) {
		switch r.PathValue("do") {
		case "policy":
			issuers := m.Policy.Issuers
			m.Policy = fields.Sent(r.PostForm)
			m.Policy.Issuers = issuers
		case "policy-json":
			m.JSON = r.PostForm.Get("json")
		case "tags":
			m.Tags = r.PostForm.Get("tags")
		case "merge":
			m.Signed = merging.Kept(r)
		}
	}
}

// form leads from the address of a button to the page that has it.
func (c *Console) form(w http.ResponseWriter, r *http.Request) error {
	ref, d, err := asked(r)
	if err != nil {
		return err
	}
	http.Redirect(w, r, href(ref)+"?tab="+d.tab, http.StatusSeeOther)
	return nil
}

// renew orders a new version by the policy that is there.
func (c *Console) renew(r *http.Request, ref vault.Ref) error {
	got, err := c.read(r, ref)
	if err != nil {
		return err
	}
	in := service.CreateInput{Tags: got.tags()}
	if got.Exists() {
		in.Enabled = &got.Version.Attributes.Enabled
	}
	_, err = c.Service.Certificates.Create(r.Context(), c.who(r), ref, in)
	return err
}

func (c *Console) update(r *http.Request, ref vault.Ref, in service.UpdateInput) error {
	if in.Tags != nil {
		if err := fields.TagsFit(in.Tags); err != nil {
			return err
		}
	}
	_, err := c.Service.Certificates.Update(r.Context(), c.who(r), ref, "", in)
	return err
}

// asOperator refuses who may not do what operators do at the side door.
func (c *Console) asOperator(r *http.Request, do vault.Action, ref vault.Ref) error {
	return c.Access.Authorize(r.Context(), c.who(r), do, ref)
}

func (c *Console) retry(r *http.Request, ref vault.Ref) (string, error) {
	if err := c.asOperator(r, access.WriteOperations, ref); err != nil {
		return "", err
	}
	_, err := c.Service.Operator.Retry(r.Context(), ref)
	return "retried", err
}

// decide puts a person's word on an order that asks for one.
func (c *Console) decide(r *http.Request, ref vault.Ref) (string, error) {
	word := r.PostForm.Get("word")
	if word == admin.Approve || word == admin.Reject {
		fact(r, "decision", word)
	}
	if err := c.asOperator(r, access.WriteOperations, ref); err != nil {
		return "", err
	}
	if word != admin.Approve && word != admin.Reject {
		return "", vault.Bad("Approve the order or deny it.")
	}
	_, err := c.Service.Operator.Decide(r.Context(), ref, r.PostForm.Get("request"), word == admin.Approve, r.PostForm.Get("message"))
	if word == admin.Approve {
		return "approved", err
	}
	return "rejected", err
}

func (c *Console) revoke(r *http.Request, ref vault.Ref) (string, error) {
	reason, bad := admin.ParseReason(r.PostForm.Get("reason"))
	if bad == nil {
		fact(r, "reason", vault.RevocationReasons[reason])
	}
	err := c.asOperator(r, access.RevokeCertificates, ref)
	if err = cmp.Or(err, pages.Typed(r, ref), bad); err != nil {
		return "", err
	}
	_, err = c.Service.Operator.Revoke(r.Context(), ref, "", reason)
	return "revoked", err
}

func (c *Console) savePolicy(r *http.Request, ref vault.Ref) (string, error) {
	got, err := c.read(r, ref)
	if err != nil {
		return "", err
	}
	patch, err := fields.Patch(fields.Sent(r.PostForm), got.Policy.X509.SANs)
	if err != nil {
		return "", err
	}
	_, err = c.Service.Certificates.UpdatePolicy(r.Context(), c.who(r), ref, patch)
	return "policy", err
}

func (c *Console) savePolicyJSON(r *http.Request, ref vault.Ref) (string, error) {
	patch, err := c.ReadPolicy(json.RawMessage(r.PostForm.Get("json")))
	if err != nil {
		return "", err
	}
	_, err = c.Service.Certificates.UpdatePolicy(r.Context(), c.who(r), ref, patch)
	return "policy", err
}
