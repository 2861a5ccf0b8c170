package console

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"certwright/internal/access"
	"certwright/internal/audit"
	"certwright/internal/console/pages"
	"certwright/internal/console/view"
	"certwright/internal/vault"
)

const (
	manageContacts vault.Action = "certificates/managecontacts"
	deadRows                    = 50
)

func (c *Console) notices(w http.ResponseWriter, r *http.Request) error {
	return c.showNotices(w, r, http.StatusOK, nil)
}

func (c *Console) showNotices(w http.ResponseWriter, r *http.Request, status int, say *view.Say) error {
	who := c.who(r)
	n := view.Notices{Mails: c.Dev, Resend: c.may(r.Context(), who, access.WriteOutbox, vault.Ref{})}
	if c.may(r.Context(), who, access.ReadOutbox, vault.Ref{}) {
		if err := c.outgoing(r, &n); err != nil {
			return err
		}
	}
	vaults, err := c.vaults(r.Context(), who, manageContacts)
	if err != nil {
		return err
	}
	if len(vaults) == 0 && c.Dev {
		vaults = []string{usualVault}
	}
	for _, name := range vaults {
		of := view.Contacts{Vault: name, Set: true}
		all, err := c.Service.Contacts.Get(r.Context(), who, name)
		if refusal := vault.RefusalIn(err); err != nil && (refusal == nil || refusal.Reason != vault.NotFound) {
			return err
		}
		for _, contact := range all {
			of.Emails += contact.Email + "\n"
		}
		if of.Shown, err = markOf(all); err != nil {
			return err
		}
		n.Contacts = append(n.Contacts, of)
	}
	f := c.frame(r, "Notices", "/ui/notices")
	if say != nil {
		f.Say = say
	}
	return show(w, r, status, view.NoticesPage(f, n))
}

// outgoing adds what waits and what was given up.
func (c *Console) outgoing(r *http.Request, n *view.Notices) (err error) {
	if n.Queues, err = c.Means.Queues(r.Context()); err != nil {
		return err
	}
	dead, err := c.Means.Notices.Dead(r.Context(), 0, deadRows)
	if err != nil {
		return err
	}
	for _, m := range dead {
		n.Dead = append(n.Dead, view.Letter{Seq: strconv.FormatInt(m.Seq, 10), Sink: m.Sink, Topic: m.Topic, Vault: m.Ref.Vault, Name: m.Ref.Name, At: c.moment(m.At),
			Tries: m.Tries, Error: vault.Clip(m.Error, 300)})
	}
	return nil
}

// resend queues a message that was given up again, or all of a receiver.
func (c *Console) resend(w http.ResponseWriter, r *http.Request) error {
	if err := pages.ReadForm(r); err != nil {
		return err
	}
	sink, seq := r.PostForm.Get("sink"), r.PostForm.Get("seq")
	which := audit.Fact{Name: "sink", Value: sink}
	if sink == "" {
		which = audit.Fact{Name: "seq", Value: seq}
	}
	err := audited(r, "CertwrightOutboxResend", vault.Ref{}, func(r *http.Request) error { return c.sendAgain(r, sink, seq) }, which)
	return c.noticed(w, r, "resent", err)
}

func (c *Console) sendAgain(r *http.Request, sink, seq string) error {
	if err := c.asOperator(r, access.WriteOutbox, vault.Ref{}); err != nil {
		return err
	}
	if sink != "" {
		_, err := c.Means.Notices.ResendAll(r.Context(), sink)
		return err
	}
	number, err := strconv.ParseInt(seq, 10, 64)
	if err != nil {
		return vault.Bad("Choose the message to send again.")
	}
	return c.Means.Notices.Resend(r.Context(), number)
}

// test hands a receiver a test message, and says what came of it.
func (c *Console) test(w http.ResponseWriter, r *http.Request) error {
	if err := pages.ReadForm(r); err != nil {
		return err
	}
	sink, to := r.PostForm.Get("sink"), strings.TrimSpace(r.PostForm.Get("to"))
	err := audited(r, "CertwrightOutboxTest", vault.Ref{}, func(r *http.Request) error {
		if err := c.asOperator(r, access.WriteOutbox, vault.Ref{}); err != nil {
			return err
		}
		return c.Means.Test(r.Context(), sink, to)
	}, audit.Fact{Name: "sink", Value: vault.Clip(sink, 100)}, audit.Fact{Name: "to", Value: vault.Clip(to, 300)})
	return c.noticed(w, r, "tested", err)
}

func (c *Console) noticed(w http.ResponseWriter, r *http.Request, word string, err error) error {
	if err != nil {
		status, say := c.words(err)
		return c.showNotices(w, r, status, &say)
	}
	return c.back(w, r, "/ui/notices", word)
}

// saveContacts replaces whom a vault writes to; names and telephone numbers of
// those who stay are kept.
func (c *Console) saveContacts(w http.ResponseWriter, r *http.Request) error {
	if err := pages.ReadForm(r, "vault", "emails"); err != nil {
		return err
	}
	about := vault.Ref{Vault: strings.ToLower(r.PostForm.Get("vault")), Kind: vault.Certificates, Name: "contacts"}
	emails, log := strings.Fields(r.PostForm.Get("emails")), "CertificateContactsSet"
	if len(emails) == 0 {
		log = "CertificateContactsDelete"
	}
	err := audited(r, log, about, func(r *http.Request) error { return c.putContacts(r, about.Vault, emails) })
	return c.noticed(w, r, "contacts", err)
}

func (c *Console) putContacts(r *http.Request, vaultName string, emails []string) error {
	if err := vault.CheckVaultName(vaultName); err != nil {
		return err
	}
	who := c.who(r)
	was, err := c.Service.Contacts.Get(r.Context(), who, vaultName)
	if refusal := vault.RefusalIn(err); err != nil && (refusal == nil || refusal.Reason != vault.NotFound) {
		return err
	}
	mark, err := markOf(was)
	if err == nil {
		err = asItWas(r, mark, "The contacts of the vault are others")
	}
	if err != nil {
		return err
	}
	known := map[string]vault.Contact{}
	for _, contact := range was {
		known[strings.ToLower(contact.Email)] = contact
	}
	var next []vault.Contact
	for _, email := range emails {
		contact := known[strings.ToLower(email)]
		contact.Email = email
		next = append(next, contact)
	}
	switch {
	case len(next) > 0:
		_, err = c.Service.Contacts.Put(r.Context(), who, vaultName, next)
	case len(was) > 0:
		_, err = c.Service.Contacts.Delete(r.Context(), who, vaultName)
	default:
		err = nil
	}
	return err
}

const (
	mostMails  = 50
	outboxPage = 500
	mostOutbox = 100 // pages gone through for the newest mails
)

// mail shows the captured mail of a development server.
func (c *Console) mail(w http.ResponseWriter, r *http.Request) error {
	all, err := c.captured(r)
	if err != nil {
		return err
	}
	var mails []view.Mail
	for i, m := range all {
		shown := view.Mail{At: c.moment(m.At), To: m.To, Subject: m.Subject, Certificate: m.Certificate, Text: m.Text}
		if m.HTML != "" {
			shown.Frame = fmt.Sprintf("/ui/mail/%d", i)
		}
		mails = append(mails, shown)
	}
	return show(w, r, http.StatusOK, view.MailPage(c.frame(r, "Captured mail", "/ui/mail"), mails))
}

// mailFrame is the HTML part of a captured mail, for a frame that lets it do nothing.
func (c *Console) mailFrame(w http.ResponseWriter, r *http.Request) error {
	all, err := c.captured(r)
	if err != nil {
		return err
	}
	at, err := strconv.Atoi(r.PathValue("at"))
	if err != nil || at < 0 || at >= len(all) {
		return c.missing(w, r)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'")
	w.Header().Set("X-Frame-Options", "SAMEORIGIN")
	_, _ = w.Write([]byte(all[at].HTML)) // a client that went away
	return nil
}
