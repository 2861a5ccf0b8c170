package objects

import (
	"net/http"

	"github.com/a-h/templ"

	"certwright/internal/console/pages"
	"certwright/internal/console/view"
	"certwright/internal/service"
	"certwright/internal/vault"
)

// askForValue is the page that asks again before the value of a secret is given out.
func (m room) askForValue(w http.ResponseWriter, r *http.Request) error {
	return m.showAsk(w, r, nil)
}

func (m room) showAsk(w http.ResponseWriter, r *http.Request, refused error) error {
	ref, err := m.place(r)
	if err != nil || !m.AskedAgain(w, r, href(ref)+"/value") {
		return err
	}
	if err := m.Permit(r.Context(), m.Who(r), m.action("get"), ref); err != nil {
		return err
	}
	ask := view.AskAgain{List: m.title, Path: m.path(), Vault: ref.Vault, Name: ref.Name, Href: href(ref), To: href(ref) + "/value", Title: "Download the value", Noun: m.Noun(),
		Words: "The value of " + ref.Name + " comes as a file, as programs get it. It is written down that you took it."}
	return m.Show(w, r, ask.Title, m.path(), refused, func(f view.Frame) templ.Component { return view.AskPage(f, ask) })
}

// value gives out the value of a secret, as a file.
func (m room) value(w http.ResponseWriter, r *http.Request) error {
	ref, err := m.place(r)
	if err != nil {
		return err
	}
	if err := pages.ReadForm(r); err != nil {
		return err
	}
	if !m.AskedAgain(w, r, href(ref)+"/value") {
		return nil
	}
	if err := pages.Typed(r, ref); err != nil {
		return m.showAsk(w, r, err)
	}
	var b service.Bundle
	err = m.Audited(r, "SecretGet", ref, func(r *http.Request) error {
		if b, err = m.Secrets.Get(r.Context(), m.Who(r), ref, "", ""); err == nil && b.Version.Managed {
			err = vault.Bad("The secret %s is of a certificate: the certificate's page has the download with its key.", ref.Name)
		}
		return err
	})
	if err != nil {
		return m.showAsk(w, r, err)
	}
	pages.Attach(w, ref.Name+".txt", "text/plain; charset=utf-8", []byte(b.Value))
	return nil
}
