package vaults

import (
	"context"
	"io"
	"strings"

	"certwright/internal/client/keyvault"
	"certwright/internal/print"
)

// Key has the commands about keys.
type Key struct {
	List keyList `cmd:"" help:"List the keys of the vault, those of certificates among them."`
	Show keyShow `cmd:"" help:"Show a key: its public part and what it may do."`
	Sign keySign `cmd:"" help:"Sign a file by a key, which stays in the vault."`
}

type keyName struct {
	Name string `arg:"" help:"The key's name; a certificate's key has the certificate's."`
}

type keyList struct {
	At           `embed:""`
	print.Format `embed:""`
}

// Help shows how it is used.
func (keyList) Help() string { return "Example:\n  certwright key list" }

// Run lists them.
func (c keyList) Run(ctx context.Context, to print.Streams, find Find) error {
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	now := v.Now(ctx)
	return print.List(to.On(c.Format), print.Table[keyvault.KeyItem]{Name: func(k keyvault.KeyItem) string { return k.ID.Name() }, None: "there are no keys", Columns: []print.Column[keyvault.KeyItem]{
		{Head: "NAME", Cell: func(k keyvault.KeyItem) string { return k.ID.Name() }},
		{Head: "OF", Cell: func(k keyvault.KeyItem) string { return managed(k.Managed) }},
		{Head: "STATE", Cell: func(k keyvault.KeyItem) string { return enabled(k.Attributes) }},
		{Head: "CREATED", Cell: func(k keyvault.KeyItem) string { return when(now, k.Attributes.Created) }},
		{Head: "EXPIRES", Cell: func(k keyvault.KeyItem) string { return when(now, k.Attributes.Expires) }},
	}}, v.Keys().List(ctx))
}

// managed says whose a key or secret is.
func managed(of bool) string {
	if of {
		return "a certificate"
	}
	return "its own"
}

func enabled(a keyvault.Attributes) string {
	if a.Off() {
		return "disabled"
	}
	return "enabled"
}

type keyShow struct {
	At           `embed:""`
	print.Format `embed:""`
	keyName      `embed:""`
	Version      string `arg:"" optional:"" help:"The version; the latest if not given."`
	PEM          bool   `name:"pem" help:"Print the public key in PEM."`
}

// Help shows how it is used.
func (keyShow) Help() string {
	return "Example:\n  certwright key show web\n  certwright key show web --pem > public.pem"
}

// Run shows one.
func (c keyShow) Run(ctx context.Context, to print.Streams, find Find) error {
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	k, err := v.Keys().Get(ctx, c.Name, c.Version)
	if err != nil {
		return named(err)
	}
	if c.PEM {
		text, err := k.Key.PEM()
		if err == nil {
			_, err = to.Out.Write(text)
		}
		return err
	}
	p, now := to.On(c.Format), v.Now(ctx)
	return p.One(k, c.Name, func(w io.Writer) error {
		return p.Fields(w,
			print.Field{Label: "name", Text: k.Key.ID.Name()}, print.Field{Label: "vault", Text: v.Client.Vault.String()},
			print.Field{Label: "kind", Text: k.Key.Kind()}, print.Field{Label: "state", Text: enabled(k.Attributes)}, print.Field{Label: "key of", Text: managed(k.Managed)},
			print.Field{Label: "may", Text: strings.Join(k.Key.Operations, ", ")},
			print.Field{Label: "created", Text: when(now, k.Attributes.Created)}, print.Field{Label: "expires", Text: when(now, k.Attributes.Expires)},
			print.Field{Label: "version", Text: k.Key.ID.Version()}, print.Field{Label: "tags", Text: tagText(k.Tags)})
	})
}
