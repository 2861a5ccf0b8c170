package schedule

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"strings"
	"time"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// mailTime is how mails write times.
const mailTime = "2006-01-02 15:04 MST"

// A letter is a mail before it is addressed.
type letter struct {
	subject, what string
	facts         [][2]string // what a person wants to know, by name
}

// mail writes to the contacts of a vault, one mail with all of them. sent is
// false where there are none: nothing is written then.
func (o *Outbox) mail(tx vault.Tx, v vault.Version, l letter, now time.Time) (sent bool, err error) {
	contacts, _, err := engine.Found(tx.Contacts(v.Vault))
	if err != nil {
		return false, err
	}
	m := vault.Mail{To: vault.Addresses(contacts), Subject: l.subject, Text: l.text(), HTML: l.html()}
	if len(m.To) == 0 {
		return false, nil
	}
	body, err := json.Marshal(m)
	if err != nil {
		return false, fmt.Errorf("write the mail about %s: %w", v.Ref, err)
	}
	return true, o.Publish(tx, vault.Message{ID: vault.NewID(), Topic: vault.TopicMail, Ref: v.Ref, Version: v.ID, At: now, Body: body})
}

// mustMail is mail for what must not be lost: where nobody is there to get it, the
// schedule keeps that it is owed, and the log has it.
func (o *Outbox) mustMail(tx vault.Tx, c *Current, what string, text letter, now time.Time) error {
	sent, err := o.mail(tx, c.Version, text, now)
	if err != nil || sent {
		return err
	}
	o.noRecipient(c.Version, text)
	c.Schedule = c.Schedule.Owes(what)
	return nil
}

// noRecipient writes into the log of a mail that nobody is there to get.
func (o *Outbox) noRecipient(v vault.Version, l letter) {
	o.deps.Log.Warn("mail has nobody to go to; it is sent once the vault has contacts", "vault", v.Vault, "certificate", v.Name, "subject", l.subject)
}

func (l letter) text() string {
	var b strings.Builder
	b.WriteString(l.what + "\n\n")
	for _, f := range l.facts {
		fmt.Fprintf(&b, "%-16s %s\n", f[0]+":", f[1])
	}
	return b.String()
}

func (l letter) html() string {
	var b strings.Builder
	fmt.Fprintf(&b, "<!doctype html>\n<html><body>\n<p>%s</p>\n<table>\n", html.EscapeString(l.what))
	for _, f := range l.facts {
		fmt.Fprintf(&b, "<tr><th align=\"left\">%s</th><td>%s</td></tr>\n", html.EscapeString(f[0]), html.EscapeString(f[1]))
	}
	b.WriteString("</table>\n</body></html>\n")
	return b.String()
}

// factsOf are the facts about a version that every mail has.
func factsOf(v vault.Version) [][2]string {
	f := [][2]string{{"Vault", v.Vault}, {"Certificate", v.Name}, {"Version", v.ID}}
	if c := v.Certificate; c != nil {
		f = append(f, [2]string{"Subject", c.Subject}, [2]string{"Thumbprint", thumbprint(v)})
	}
	return append(f, [2]string{"Expires", v.Attributes.Expires.UTC().Format(mailTime)})
}

func thumbprint(v vault.Version) string {
	if v.Certificate == nil {
		return ""
	}
	return strings.ToUpper(hex.EncodeToString(v.Certificate.Thumbprint))
}

// expiresMail is for the action EmailContacts: a person has to do something.
func expiresMail(v vault.Version) letter {
	return letter{fmt.Sprintf("Certificate %s in vault %s expires on %s", v.Name, v.Vault, v.Attributes.Expires.UTC().Format("2006-01-02")),
		"This certificate comes to its end. It is not renewed by itself: make or import its next version in time.", factsOf(v)}
}

// renewingMail says that a renewal begins.
func renewingMail(v vault.Version, op vault.Operation) letter {
	return letter{fmt.Sprintf("Certificate %s in vault %s is being renewed", v.Name, v.Vault),
		"The next version of this certificate was requested. Nothing has to be done now; another mail tells how it ended, or that it is late and what to do then.",
		append(factsOf(v), [2]string{"Issuer", op.IssuerName}, [2]string{"Request", op.RequestID})}
}

// renewedMail says that a renewal was completed. was is the version before.
func renewedMail(v, was vault.Version, op vault.Operation) letter {
	return letter{fmt.Sprintf("Certificate %s in vault %s was renewed", v.Name, v.Vault),
		"This certificate has a new version. Programs that read it by name have it from now on.",
		append(factsOf(v), [2]string{"Old version", was.ID}, [2]string{"Old thumbprint", thumbprint(was)},
			[2]string{"Old expiry", was.Attributes.Expires.UTC().Format(mailTime)}, [2]string{"Issuer", op.IssuerName}, [2]string{"Request", op.RequestID})}
}

// failedMail says that a renewal failed, and when it is tried again.
func failedMail(v vault.Version, op vault.Operation, again time.Time) letter {
	return letter{fmt.Sprintf("Certificate %s in vault %s could not be renewed", v.Name, v.Vault),
		"The next version of this certificate could not be issued. The version in use stays in use until it expires. The renewal is tried again by itself; if the error stays, a person must look after it before then.",
		append(factsOf(v), [2]string{"Issuer", op.IssuerName}, [2]string{"Request", op.RequestID}, [2]string{"Error", op.Failure.Code},
			[2]string{"Message", op.Failure.Message}, [2]string{"Next try", again.UTC().Format(mailTime)}, [2]string{"What to do", mendAndRetry(v.Ref)})}
}
