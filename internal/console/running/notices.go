package running

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

	"github.com/a-h/templ"
)

const (
	manageContacts vault.Action = "certificates/managecontacts"
	deadRows                    = 50
)

func (m *room) notices(w http.ResponseWriter, r *http.Request) error {
	return m.showNotices(w, r, nil)
}

func (m *room) showNotices(w http.ResponseWriter, r *http.Request, refused error) error {
	who := m.Who(r)
	n := view.Notices{Mails: m.Dev, Resend: m.May(r.Context(), who, access.WriteOutbox, vault.Ref{})}
	if m.May(r.Context(), who, access.ReadOutbox, vault.Ref{}) {
		if err := m.outgoing(r, &n); err != nil {
			return err
		}
	}
	vaults, err := m.vaults(r, manageContacts)
	if err != nil {
		return err
	}
	if len(vaults) == 0 && m.Dev {
		vaults = []string{pages.UsualVault}
	}
	for _, name := range vaults {
		of := view.Contacts{Vault: name, Set: true}
		all, err := m.Service.Contacts.Get(r.Context(), who, name)
		if refusal := vault.RefusalIn(err); err != nil && (refusal == nil || refusal.Reason != vault.NotFound) {
			return err
		}
		for _, contact := range all {
			of.Emails += contact.Email + "\n"
		}
		if of.Shown, err = pages.Mark(all); err != nil {
			return err
		}
		n.Contacts = append(n.Contacts, of)
	}
	return m.Show(w, r, "Notices", "/ui/notices", refused, func(f view.Frame) templ.Component { return view.NoticesPage(f, n) })
}

// outgoing adds what waits and what was given up.
func (m *room) outgoing(r *http.Request, n *view.Notices) (err error) {
	if n.Queues, err = m.Queues(r.Context()); err != nil {
		return err
	}
	dead, err := m.Notices.Dead(r.Context(), 0, deadRows)
	if err != nil {
		return err
	}
	for _, d := range dead {
		n.Dead = append(n.Dead, view.Letter{Seq: strconv.FormatInt(d.Seq, 10), Sink: d.Sink, Topic: d.Topic, Vault: d.Ref.Vault, Name: d.Ref.Name, At: m.Moment(d.At),
			Tries: d.Tries, Error: vault.Clip(d.Error, 300)})
	}
	return nil
}

// resend queues a message that was given up again, or all of a receiver.
func (m *room) resend(w http.ResponseWriter, r *http.Request) error {
	if err := pages.ReadForm(r); err != nil {
		return err
	}
	sink, seq := r.PostForm.Get("sink"), r.PostForm.Get("seq")
	which := audit.Fact{Name: "sink", Value: sink}
	if sink == "" {
		which = audit.Fact{Name: "seq", Value: seq}
	}
	err := m.Audited(r, "CertwrightOutboxResend", vault.Ref{}, func(r *http.Request) error { return m.sendAgain(r, sink, seq) }, which)
	return m.noticed(w, r, "resent", err)
}

func (m *room) sendAgain(r *http.Request, sink, seq string) error {
	if err := m.AsOperator(r, access.WriteOutbox, vault.Ref{}); err != nil {
		return err
	}
	if sink != "" {
		_, err := m.Notices.ResendAll(r.Context(), sink)
		return err
	}
	number, err := strconv.ParseInt(seq, 10, 64)
	if err != nil {
		return vault.Bad("Choose the message to send again.")
	}
	return m.Notices.Resend(r.Context(), number)
}

// test hands a receiver a test message, and says what came of it.
func (m *room) test(w http.ResponseWriter, r *http.Request) error {
	if err := pages.ReadForm(r); err != nil {
		return err
	}
	sink, to := r.PostForm.Get("sink"), strings.TrimSpace(r.PostForm.Get("to"))
	err := m.Audited(r, "CertwrightOutboxTest", vault.Ref{}, func(r *http.Request) error {
		if err := m.AsOperator(r, access.WriteOutbox, vault.Ref{}); err != nil {
			return err
		}
		return m.Test(r.Context(), sink, to)
	}, audit.Fact{Name: "sink", Value: vault.Clip(sink, 100)}, audit.Fact{Name: "to", Value: vault.Clip(to, 300)})
	return m.noticed(w, r, "tested", err)
}

func (m *room) noticed(w http.ResponseWriter, r *http.Request, word string, err error) error {
	if err != nil {
		return m.showNotices(w, r, err)
	}
	return m.Back(w, r, "/ui/notices", word)
}

// saveContacts replaces whom a vault writes to; names and telephone numbers of
// those who stay are kept.
func (m *room) saveContacts(w http.ResponseWriter, r *http.Request) error {
	if err := pages.ReadForm(r, "vault", "emails"); err != nil {
		return err
	}
	about := vault.Ref{Vault: strings.ToLower(r.PostForm.Get("vault")), Kind: vault.Certificates, Name: "contacts"}
	emails, log := strings.Fields(r.PostForm.Get("emails")), "CertificateContactsSet"
	if len(emails) == 0 {
		log = "CertificateContactsDelete"
	}
	err := m.Audited(r, log, about, func(r *http.Request) error { return m.putContacts(r, about.Vault, emails) })
	return m.noticed(w, r, "contacts", err)
}

func (m *room) putContacts(r *http.Request, vaultName string, emails []string) error {
	if err := vault.CheckVaultName(vaultName); err != nil {
		return err
	}
	who := m.Who(r)
	was, err := m.Service.Contacts.Get(r.Context(), who, vaultName)
	if refusal := vault.RefusalIn(err); err != nil && (refusal == nil || refusal.Reason != vault.NotFound) {
		return err
	}
	mark, err := pages.Mark(was)
	if err == nil {
		err = pages.AsItWas(r, mark, "The contacts of the vault are others")
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
		_, err = m.Service.Contacts.Put(r.Context(), who, vaultName, next)
	case len(was) > 0:
		_, err = m.Service.Contacts.Delete(r.Context(), who, vaultName)
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
func (m *room) mail(w http.ResponseWriter, r *http.Request) error {
	all, err := m.captured(r)
	if err != nil {
		return err
	}
	var mails []view.Mail
	for i, one := range all {
		shown := view.Mail{At: m.Moment(one.At), To: one.To, Subject: one.Subject, Certificate: one.Certificate, Text: one.Text}
		if one.HTML != "" {
			shown.Frame = fmt.Sprintf("/ui/mail/%d", i)
		}
		mails = append(mails, shown)
	}
	return m.Show(w, r, "Captured mail", "/ui/mail", nil, func(f view.Frame) templ.Component { return view.MailPage(f, mails) })
}

// mailFrame is the HTML part of a captured mail, for a frame that lets it do nothing.
func (m *room) mailFrame(w http.ResponseWriter, r *http.Request) error {
	all, err := m.captured(r)
	if err != nil {
		return err
	}
	at, err := strconv.Atoi(r.PathValue("at"))
	if err != nil || at < 0 || at >= len(all) {
		return pages.Missing()
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'")
	w.Header().Set("X-Frame-Options", "SAMEORIGIN")
	_, _ = w.Write([]byte(all[at].HTML)) // a client that went away
	return nil
}
