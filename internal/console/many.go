package console

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"certwright/internal/console/door"
	"certwright/internal/console/pages"
	"certwright/internal/console/view"
	"certwright/internal/service"
	"certwright/internal/vault"
)

// doMany does one thing with every certificate that was chosen.
func (c *Console) doMany(w http.ResponseWriter, r *http.Request) error {
	if err := pages.ReadForm(r); err != nil {
		return err
	}
	back := door.LocalTo("/ui/certificates", r.PostForm.Get("back"))
	do, on, err := chosen(r)
	if err != nil {
		status, say := c.words(err)
		return c.listAgain(w, r, back, status, &say)
	}
	var failed pages.Refusals
	for _, at := range on {
		vaultName, name, _ := strings.Cut(at, "/")
		ref := vault.Ref{Vault: strings.ToLower(vaultName), Kind: vault.Certificates, Name: name}
		if err := audited(r, do.log, ref, func(r *http.Request) error { return do.do(c, r, ref) }); err != nil {
			_, say := c.words(err)
			failed.Add(ref.Name, say.Text)
		}
	}
	if failed.All == 0 {
		return c.back(w, r, back, "many")
	}
	c.Poke()
	return c.listAgain(w, r, back, http.StatusConflict, &view.Say{Tone: "bad", Title: fmt.Sprintf("Done with %d, not done with %d", len(on)-failed.All, failed.All), Text: failed.Words()})
}

// chosen is what to do, and with which.
func chosen(r *http.Request) (do manyDeed, on []string, err error) {
	do, ok := many[r.PostForm.Get("do")]
	on = r.PostForm["on"]
	switch {
	case !ok:
		err = vault.Bad("Choose what to do with the certificates.")
	case len(on) == 0:
		err = vault.Bad("No certificate was chosen: tick the boxes before their names first.")
	case len(on) > listRows:
		err = vault.Bad("Choose %d at a time at most: as many as a page shows.", listRows)
	}
	return do, on, err
}

// listAgain shows the list that somebody was at, with what came of what was asked for.
func (c *Console) listAgain(w http.ResponseWriter, r *http.Request, at string, status int, say *view.Say) error {
	here := r.Clone(r.Context())
	var err error
	if here.URL, err = url.Parse(at); err != nil {
		return err
	}
	return c.showList(w, here, status, say)
}

// A manyDeed is what can be done with several certificates.
type manyDeed struct {
	log string // what the audit log calls it
	do  func(*Console, *http.Request, vault.Ref) error
}

var many = map[string]manyDeed{
	"renew": {"CertificateCreate", (*Console).renew},
	"disable": {"CertificateUpdate", func(c *Console, r *http.Request, ref vault.Ref) error {
		return c.update(r, ref, service.UpdateInput{Enabled: new(false)})
	}},
	"enable": {"CertificateUpdate", func(c *Console, r *http.Request, ref vault.Ref) error {
		return c.update(r, ref, service.UpdateInput{Enabled: new(true)})
	}},
	"tag": {"CertificateUpdate", func(c *Console, r *http.Request, ref vault.Ref) error {
		name, value, ok := strings.Cut(strings.TrimSpace(r.PostForm.Get("tag")), "=")
		if !ok || name == "" {
			return vault.Bad("A tag is written name=value.")
		}
		v, err := c.read(r, ref)
		if err != nil {
			return err
		}
		tags := map[string]string{name: value}
		for k, old := range v.tags() {
			if _, given := tags[k]; !given {
				tags[k] = old
			}
		}
		return c.update(r, ref, service.UpdateInput{Tags: tags})
	}},
}
