package vaults

import (
	"context"
	"fmt"
	"io"

	"certwright/internal/ask"
	"certwright/internal/client/keyvault"
	"certwright/internal/material"
	"certwright/internal/print"
)

// Secret has the commands about secrets.
type Secret struct {
	List secretList `cmd:"" help:"List the secrets of the vault, those of certificates among them."`
	Set  secretSet  `cmd:"" help:"Set a secret to what a file, stdin or a person says."`
	Get  secretGet  `cmd:"" help:"Write the value of a secret to a file."`
}

type secretName struct {
	Name string `arg:"" help:"The secret's name; a certificate's secret has the certificate's."`
}

type secretList struct {
	At           `embed:""`
	print.Format `embed:""`
}

// Help shows how it is used.
func (secretList) Help() string { return "Values are not shown.\n\nExample:\n  certwright secret list" }

// Run lists them.
func (c secretList) Run(ctx context.Context, to print.Streams, find Find) error {
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	now := v.Now(ctx)
	attributes := func(s keyvault.Secret) keyvault.Attributes {
		if s.Attributes == nil {
			return keyvault.Attributes{}
		}
		return *s.Attributes
	}
	return print.List(to.On(c.Format), print.Table[keyvault.Secret]{Name: func(s keyvault.Secret) string { return s.ID.Name() }, None: "there are no secrets; certwright secret set makes one", Columns: []print.Column[keyvault.Secret]{
		{Head: "NAME", Cell: func(s keyvault.Secret) string { return s.ID.Name() }},
		{Head: "OF", Cell: func(s keyvault.Secret) string { return managed(s.Managed) }},
		{Head: "STATE", Cell: func(s keyvault.Secret) string { return enabled(attributes(s)) }},
		{Head: "TYPE", Cell: func(s keyvault.Secret) string { return s.ContentType }},
		{Head: "UPDATED", Cell: func(s keyvault.Secret) string { return when(now, attributes(s).Updated) }},
		{Head: "EXPIRES", Cell: func(s keyvault.Secret) string { return when(now, attributes(s).Expires) }},
	}}, v.Secrets().List(ctx))
}

type secretSet struct {
	At           `embed:""`
	print.Format `embed:""`
	secretName   `embed:""`
	File         string            `help:"The file with the value, taken as it is; without one it is asked for on a terminal, or read from stdin." placeholder:"FILE"`
	Type         string            `name:"content-type" help:"What it is, as text/plain." placeholder:"TYPE"`
	Tag          map[string]string `help:"A tag, as in team=web." placeholder:"NAME=VALUE"`
}

// Help shows how it is used.
func (secretSet) Help() string {
	return "A value never stands on the command line, where others could read it.\n\nExample:\n  certwright secret set database --file password.txt\n  openssl rand -base64 24 | certwright secret set database"
}

// Run sets it.
func (c secretSet) Run(ctx context.Context, to print.Streams, find Find) error {
	value, err := c.value(to)
	if err != nil {
		return err
	}
	if value == "" {
		return misused("the value is empty\nhint: --file FILE, or give it to stdin")
	}
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	done, err := v.Secrets().Set(ctx, c.Name, keyvault.Secret{Value: value, ContentType: c.Type, Tags: c.Tag})
	if err != nil {
		return named(err)
	}
	done.Value = "" // it is known, and no terminal needs it
	return told(to.On(c.Format), done, c.Name, "%s is set: version %s", c.Name, done.ID.Version())
}

func (c secretSet) value(to print.Streams) (string, error) {
	if c.File != "" {
		text, err := material.Read(c.File)
		return string(text), err
	}
	if p := ask.At(to); p != nil {
		return p.Secret("value of " + c.Name)
	}
	text, err := io.ReadAll(io.LimitReader(to.In, material.MaxFile))
	if err != nil {
		return "", fmt.Errorf("read the value: %w", err)
	}
	return string(text), nil
}

type secretGet struct {
	At           `embed:""`
	print.Format `embed:""`
	secretName   `embed:""`
	Version      string `arg:"" optional:"" help:"The version; the latest if not given."`
	File         string `help:"The file to write, readable by you alone (0600)." placeholder:"FILE"`
	Stdout       bool   `help:"Print the value."`
	Force        bool   `help:"Replace the file if it is there."`
}

// Help shows how it is used.
func (secretGet) Help() string {
	return "The value is printed only where --stdout says so.\n\nExample:\n  certwright secret get database --file password.txt\n  certwright secret get database --stdout | psql-login"
}

// Run writes its value.
func (c secretGet) Run(ctx context.Context, to print.Streams, find Find) error {
	if (c.File == "") == !c.Stdout {
		return misused("it is not said where the value goes\nhint: --file FILE writes it for you alone to read; --stdout prints it")
	}
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	s, err := v.Secrets().Get(ctx, c.Name, c.Version)
	if err != nil {
		return named(err)
	}
	if c.Stdout {
		return to.On(c.Format).One(s, c.Name, func(w io.Writer) error {
			_, err := io.WriteString(w, s.Value)
			return err
		})
	}
	if err := material.Write(c.File, []byte(s.Value), c.Force); err != nil {
		return err
	}
	fmt.Fprintf(to.Err, "wrote %s: version %s of %s\n", c.File, s.ID.Version(), c.Name)
	return nil
}
