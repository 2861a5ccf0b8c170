package vaults

import (
	"context"
	"fmt"
	"net/mail"

	"certwright/internal/client/keyvault"
	"certwright/internal/print"
)

// Contact has the commands about who a vault writes to.
type Contact struct {
	List   contactList   `cmd:"" help:"List who gets mail about the certificates of the vault."`
	Set    contactSet    `cmd:"" help:"Say who gets mail about the certificates of the vault."`
	Delete contactDelete `cmd:"" help:"Have nobody get mail."`
}

type contactList struct {
	At           `embed:""`
	print.Format `embed:""`
}

// Help shows how it is used.
func (contactList) Help() string { return "Example:\n  certwright contact list" }

// Run lists them.
func (c contactList) Run(ctx context.Context, to print.Streams, find Find) error {
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	all, err := v.Contacts().Get(ctx)
	if err != nil && !keyvault.Is(err, 404, "ContactsNotFound") {
		return err
	}
	return showContacts(to.On(c.Format), all)
}

func showContacts(p *print.Printer, all []keyvault.Contact) error {
	return print.List(p, print.Table[keyvault.Contact]{Name: func(c keyvault.Contact) string { return c.Email }, None: "nobody gets mail; certwright contact set ADDRESS changes that", Columns: []print.Column[keyvault.Contact]{
		{Head: "EMAIL", Cell: func(c keyvault.Contact) string { return c.Email }},
		{Head: "NAME", Cell: func(c keyvault.Contact) string { return c.Name }},
		{Head: "PHONE", Cell: func(c keyvault.Contact) string { return c.Phone }},
	}}, print.Slice(all))
}

type contactSet struct {
	At           `embed:""`
	print.Format `embed:""`
	Who          []string `arg:"" help:"Addresses, with a name if you like: ops@example.org, or \"Kim <kim@example.org>\"."`
}

// Help shows how it is used.
func (contactSet) Help() string {
	return "They replace those that there are.\n\nExample:\n  certwright contact set ops@example.org \"Kim <kim@example.org>\""
}

// Run sets them.
func (c contactSet) Run(ctx context.Context, to print.Streams, find Find) error {
	var all []keyvault.Contact
	for _, text := range c.Who {
		a, err := mail.ParseAddress(text)
		if err != nil {
			return misused("%q is not an e-mail address\nhint: write ops@example.org, or \"Kim <kim@example.org>\"", text)
		}
		all = append(all, keyvault.Contact{Email: a.Address, Name: a.Name})
	}
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	done, err := v.Contacts().Set(ctx, all)
	if err != nil {
		return err
	}
	return showContacts(to.On(c.Format), done)
}

type contactDelete struct {
	At   `embed:""`
	Sure `embed:""`
}

// Help shows how it is used.
func (contactDelete) Help() string { return "Example:\n  certwright contact delete --yes" }

// Run removes them.
func (c contactDelete) Run(ctx context.Context, to print.Streams, find Find) error {
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	if err := c.sure(to, "contact delete", "have nobody get mail", "contacts"); err != nil {
		return err
	}
	if _, err := v.Contacts().Delete(ctx); err != nil {
		return err
	}
	fmt.Fprintln(to.Err, "nobody gets mail about the certificates of this vault any more")
	return nil
}
