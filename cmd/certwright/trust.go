package main

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"certwright/internal/anchor"
	"certwright/internal/client"
	"certwright/internal/folder"
	"certwright/internal/print"
)

type trustCommand struct {
	Name         string `arg:"" optional:"" help:"Print this authority in PEM: tls, scripted, or the provider of a built-in CA, such as internal."`
	Install      bool   `help:"Have the programs of this machine trust the authority of the server's own TLS certificate." xor:"what"`
	Uninstall    bool   `help:"Take it away from what they trust." xor:"what"`
	Root         string `help:"The root of the system that is meant, for an image." placeholder:"DIR" default:"/"`
	print.Format `embed:""`
	running      `embed:""`
}

// Help shows how it is used.
func (trustCommand) Help() string {
	return `Lists the authorities of a server: tls signs its own TLS certificate, and certwright env has programs trust it; scripted signs what played issuers
issue, and built-in CAs what they issue. With a name it prints that one.

--install needs the rights of an administrator. Of all authorities it takes tls alone, whose key lies in the data folder: whoever can read that can
pose as any server to this machine, so do so only where that is you. Firefox and Java have places of their own.

Examples:
  certwright trust
  certwright trust scripted > scripted-ca.pem
  sudo certwright trust --install --data ~/.local/share/certwright`
}

// Run lists, prints, installs or uninstalls.
func (t trustCommand) Run(ctx context.Context, to streams) error {
	c, err := t.find(ctx)
	if err != nil {
		return err
	}
	switch {
	case (t.Install || t.Uninstall) && t.Name != "" && t.Name != "tls":
		return exitError{exitUsage, errors.New("only the authority tls can be installed; what others signed is trusted by who asks for it\nhint: certwright trust " + print.Plain(t.Name) + " prints it")}
	case t.Install || t.Uninstall:
		return t.change(to, c.At.CAFile)
	case t.Name == "":
		return print.List(t.On(to.out, to.err), authorities, print.Slice(authoritiesOf(ctx, c)))
	}
	for _, a := range authoritiesOf(ctx, c, t.Name) {
		if strings.EqualFold(a.Name, t.Name) {
			_, err := to.out.Write(a.pem)
			return err
		}
	}
	return exitError{exitNotFound, fmt.Errorf("the server has no authority %s, or it has not been needed yet\nhint: certwright trust lists those there are", print.Plain(t.Name))}
}

func (t trustCommand) change(to streams, file string) error {
	if file == "" {
		return errors.New("the server's TLS certificate comes from an authority of yours\nhint: its configuration names the files under tls")
	}
	store, err := anchor.Find(t.Root)
	if err != nil {
		return err
	}
	if t.Uninstall {
		from, err := store.Uninstall(file)
		if err == nil {
			fmt.Fprintf(to.err, "no longer trusted: %s was taken from %s\n", file, from)
		}
		return err
	}
	at, err := store.Install(file)
	if err == nil {
		fmt.Fprintf(to.err, "trusted: %s was put into %s\ncertwright trust --uninstall takes it away\n", file, at)
	}
	return err
}

// An authority is one that a server signs by.
type authority struct {
	Name    string `json:"name"`
	Signs   string `json:"signs"`
	Subject string `json:"subject"`
	SHA256  string `json:"sha256"`
	Expires string `json:"expires"`
	File    string `json:"file,omitempty"` // or URL

	pem []byte
}

var authorities = print.Table[authority]{
	Columns: []print.Column[authority]{
		{Head: "NAME", Cell: func(a authority) string { return a.Name }},
		{Head: "SIGNS", Cell: func(a authority) string { return a.Signs }},
		{Head: "SUBJECT", Cell: func(a authority) string { return a.Subject }},
		{Head: "EXPIRES", Cell: func(a authority) string { return a.Expires }},
		{Head: "FILE", Cell: func(a authority) string { return a.File }},
	},
	Name: func(a authority) string { return a.Name },
	None: "the server has none of its own",
}

// authoritiesOf are those of a server that are there, of built-in CAs those of
// the providers Internal and more.
func authoritiesOf(ctx context.Context, c *client.Client, more ...string) (all []authority) {
	add := func(name, signs, file string, text []byte) {
		if a, err := readAuthority(text); err == nil {
			a.Name, a.Signs, a.File = name, signs, file
			all = append(all, a)
		}
	}
	if text, err := os.ReadFile(c.At.CAFile); err == nil {
		add("tls", "the server's own TLS certificate", c.At.CAFile, text)
	}
	file := filepath.Join(c.At.Data, folder.IssuingCAFile)
	if text, err := os.ReadFile(file); err == nil {
		add("scripted", "what played issuers issue", file, text)
	}
	for _, name := range append([]string{"internal"}, more...) {
		if text, err := c.Published(ctx, strings.ToLower(name)+".pem"); err == nil {
			add(strings.ToLower(name), "what this built-in CA issues", c.At.HTTPURL+"/pki/"+strings.ToLower(name)+".pem", text)
		}
	}
	return all
}

func readAuthority(text []byte) (a authority, err error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return a, io.ErrUnexpectedEOF
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return a, err
	}
	return authority{Subject: c.Subject.String(), SHA256: fmt.Sprintf("%x", sha256.Sum256(block.Bytes)), Expires: c.NotAfter.UTC().Format("2006-01-02"), pem: text}, nil
}
