package schedule

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// AnnounceRoot tells of a root that a built-in CA made, before it signs: an event and
// a mail for every issuer resource of the provider, in one transaction. The mail
// goes to the issuer's administrators or, where it has none, to the vault's
// contacts; but of a first root, which takes no other's place, to administrators
// only.
func (o *Outbox) AnnounceRoot(ctx context.Context, root vault.NewRoot) error {
	o.deps.Log.Info("new root", "provider", root.Provider, "root", root.CommonName, "file", root.File, "thumbprint", root.Thumbprint, "signs from", root.From)
	return engine.Update(ctx, o.deps.Store, func(tx vault.Tx) error {
		for after := ""; ; {
			vaults, err := tx.Vaults(after, engine.PageSize)
			if err != nil || len(vaults) == 0 {
				return err
			}
			for _, name := range vaults {
				if err := o.announceIn(tx, name, root); err != nil {
					return err
				}
			}
			after = vaults[len(vaults)-1]
		}
	})
}

func (o *Outbox) announceIn(tx vault.Tx, vaultName string, root vault.NewRoot) error {
	for after := ""; ; {
		issuers, err := tx.Issuers(vaultName, after, engine.PageSize)
		if err != nil || len(issuers) == 0 {
			return err
		}
		for _, c := range issuers {
			if !strings.EqualFold(c.Provider, root.Provider) {
				continue
			}
			if err := o.announceTo(tx, c, root); err != nil {
				return err
			}
		}
		after = vault.Ref{Name: issuers[len(issuers)-1].Name}.Key()
	}
}

func (o *Outbox) announceTo(tx vault.Tx, c vault.IssuerConfig, root vault.NewRoot) error {
	about := vault.Message{ID: vault.NewID(), Ref: vault.Ref{Vault: c.Vault, Kind: vault.IssuerResources, Name: c.Name}, At: root.Made}
	event, err := json.Marshal(map[string]any{"VaultName": c.Vault, "ObjectType": "Issuer", "ObjectName": c.Name, "Provider": root.Provider,
		"Root": root.CommonName, "File": root.File, "Roots": root.Roots, "Thumbprint": root.Thumbprint, "EXP": root.Expires.Unix(), "SignsFrom": root.From.Unix()})
	if err != nil {
		return fmt.Errorf("write the event of a new root: %w", err)
	}
	about.Topic, about.Body = vault.EventNewRoot, event
	if err := o.Publish(tx, about); err != nil {
		return err
	}
	to, err := administrators(tx, c, !root.First)
	if err != nil {
		return err
	}
	l := rootMail(c, root)
	switch {
	case len(to) == 0 && root.First:
		return nil
	case len(to) == 0:
		o.deps.Log.Warn("mail has nobody to go to: the issuer has no administrators and the vault no contacts", "vault", c.Vault, "issuer", c.Name, "subject", l.subject)
		return nil
	}
	about.ID, about.Topic = vault.NewID(), vault.TopicMail
	if about.Body, err = json.Marshal(vault.Mail{To: to, Subject: l.subject, Text: l.text(), HTML: l.html()}); err != nil {
		return fmt.Errorf("write the mail of a new root: %w", err)
	}
	return o.Publish(tx, about)
}

// administrators are the addresses of who looks after an issuer; without any,
// where contacts may stand in for them, those of the vault.
func administrators(r vault.Reader, c vault.IssuerConfig, standIn bool) (to []string, err error) {
	if c.Organization != nil {
		for _, c := range c.Organization.Admins {
			if c.Email != "" {
				to = append(to, c.Email)
			}
		}
	}
	if len(to) > 0 || !standIn {
		return to, nil
	}
	contacts, _, err := engine.Found(r.Contacts(c.Vault))
	return vault.Addresses(contacts), err
}

func rootMail(c vault.IssuerConfig, root vault.NewRoot) letter {
	l := letter{fmt.Sprintf("Issuer %s in vault %s has a new root: %s", c.Name, c.Vault, root.CommonName),
		"The certificate authority of this issuer made a new root. Programs that trust it by its roots must trust this one as well before certificates below it are issued: install the file of all roots anew, or the root beside the old one.",
		[][2]string{{"Vault", c.Vault}, {"Issuer", c.Name}, {"Provider", root.Provider}, {"Root", root.CommonName}, {"Thumbprint", root.Thumbprint},
			{"Expires", root.Expires.UTC().Format(mailTime)}, {"Signs from", root.From.UTC().Format(mailTime)}, {"File", "/pki/" + root.File}, {"All roots", "/pki/" + root.Roots}}}
	if root.First || root.From.Sub(root.Made) < 24*time.Hour {
		l.what += " It signs from now on."
	}
	return l
}
