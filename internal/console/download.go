package console

import (
	"cmp"
	"encoding/base64"
	"encoding/pem"
	"net/http"

	"certwright/internal/authority"
	"certwright/internal/certs"
	"certwright/internal/console/pages"
	"certwright/internal/console/view"
	"certwright/internal/service"
	"certwright/internal/vault"
)

// download gives out what is public: ?form=chain, pem, cer or csr, ?version=.
func (c *Console) download(w http.ResponseWriter, r *http.Request) error {
	ref, err := place(r)
	if err != nil {
		return err
	}
	form, id := r.URL.Query().Get("form"), r.URL.Query().Get("version")
	if form == "csr" {
		return c.downloadCSR(w, r, ref)
	}
	if id != "" && !vault.IsID(id) {
		return vault.Bad("There is no such version.")
	}
	v, err := c.version(r, ref, id)
	if err != nil {
		return err
	}
	switch form {
	case "cer":
		pages.Attach(w, ref.Name+".cer", "application/pkix-cert", v.Certificate.Leaf)
	case "pem":
		pages.Attach(w, ref.Name+".pem", vault.PEM, authority.PEM(v.Certificate.Leaf))
	case "chain":
		text, err := certs.WritePEM(nil, certs.LeafFirst(v.Certificate.Chain, v.Certificate.Leaf))
		if err != nil {
			return err
		}
		pages.Attach(w, ref.Name+"-chain.pem", vault.PEM, []byte(text))
	default:
		return vault.Bad("The form of a download is chain, pem, cer or csr.")
	}
	return nil
}

func (c *Console) downloadCSR(w http.ResponseWriter, r *http.Request, ref vault.Ref) error {
	got, err := c.read(r, ref)
	if err != nil {
		return err
	}
	if got.Operation == nil || len(got.Operation.CSR) == 0 {
		return vault.NoPending(ref)
	}
	pages.Attach(w, ref.Name+".csr", "application/pkcs10", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: got.Operation.CSR}))
	return nil
}

// askForKey is the page that asks again before a private key is given out.
func (c *Console) askForKey(w http.ResponseWriter, r *http.Request) error {
	return c.showKeyPage(w, r, http.StatusOK, nil)
}

func (c *Console) showKeyPage(w http.ResponseWriter, r *http.Request, status int, say *view.Say) error {
	ref, err := place(r)
	if err != nil {
		return err
	}
	if !(host{c}).AskedAgain(w, r, href(ref)+"/key") { // who signs in again, or opens another link, comes back
		return nil
	}
	if err := c.Service.Permit(r.Context(), c.who(r), secretAction, ref.As(vault.Secrets)); err != nil {
		return err
	}
	got, err := c.read(r, ref)
	if err != nil {
		return err
	}
	f := c.frame(r, "Download with the private key", "/ui/certificates")
	if say != nil {
		f.Say = say
	}
	return show(w, r, status, view.AskPage(f, view.AskAgain{List: "Certificates", Path: "/ui/certificates", Vault: got.Vault, Name: got.Name, Href: href(got.Ref), To: href(got.Ref) + "/key",
		Title: "Download with the private key", Noun: "certificate", Forms: []view.Option{{Value: "own", Word: "as the policy has it"}, {Value: "pem", Word: "PEM"}},
		Words: "Whoever has the file can act as " + got.Name + ". It is written down that you took it. The file is not protected by a password."}))
}

// downloadKey gives out certificate and private key in one file, as the secret
// of the certificate has them.
func (c *Console) downloadKey(w http.ResponseWriter, r *http.Request) error {
	ref, err := place(r)
	if err != nil {
		return err
	}
	if err := pages.ReadForm(r); err != nil {
		return err
	}
	if err := pages.Typed(r, ref); err != nil || !c.Door.Strongly(r) {
		status, say := c.words(cmp.Or(err, error(vault.Bad("Sign in again first."))))
		return c.showKeyPage(w, r, status, &say)
	}
	form := ""
	if r.PostForm.Get("form") == "pem" {
		form = vault.PEM
	}
	var b service.Bundle
	err = audited(r, readSecret, ref.As(vault.Secrets), func(r *http.Request) (err error) {
		b, err = c.Service.Secrets.Get(r.Context(), c.who(r), ref.As(vault.Secrets), "", form)
		return err
	})
	if err != nil {
		status, say := c.words(err)
		return c.showKeyPage(w, r, status, &say)
	}
	c.Log.Info("a certificate was downloaded with its key at the console", "vault", ref.Vault, "certificate", ref.Name, "who", c.who(r).Name)
	if b.Version.Secret.ContentType == vault.PEM {
		pages.Attach(w, ref.Name+"-with-key.pem", vault.PEM, []byte(b.Value))
		return nil
	}
	pfx, err := base64.StdEncoding.DecodeString(b.Value)
	if err != nil {
		return err
	}
	pages.Attach(w, ref.Name+".pfx", vault.PKCS12, pfx)
	return nil
}
