package vaults

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"certwright/internal/ask"
	"certwright/internal/client/keyvault"
	"certwright/internal/client/reach"
	"certwright/internal/material"
	"certwright/internal/print"
)

type certImport struct {
	At           `embed:""`
	print.Format `embed:""`
	name         `embed:""`
	Files        []string          `arg:"" help:"A PFX file, or PEM files with the certificate, its chain and its key."`
	PasswordFile string            `help:"The file with the password; asked for on a terminal where there is one." placeholder:"FILE"`
	Tag          map[string]string `help:"A tag, as in team=web." placeholder:"NAME=VALUE"`
	Disabled     bool              `help:"Import it disabled."`
}

// Help shows how it is used.
func (certImport) Help() string {
	return "Example:\n  certwright cert import web web.pfx\n  certwright cert import web fullchain.pem privkey.pem"
}

// Run imports it.
func (c certImport) Run(ctx context.Context, to print.Streams, find Find) error {
	in, err := c.read(ctx, to)
	if err != nil {
		return err
	}
	in.Tags = c.Tag
	if c.Disabled {
		in.Attributes = &keyvault.Attributes{Enabled: keyvault.On(false)}
	}
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	done, err := v.Certificates().Import(ctx, c.Name, in)
	if err != nil {
		return named(err)
	}
	p := to.On(c.Format)
	return p.One(done, c.Name, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s is imported: version %s, it expires %s\n", c.Name, done.ID.Version(), when(v.Now(ctx), done.Attributes.Expires))
		return err
	})
}

// read reads the files, with a password where it takes one.
func (c certImport) read(ctx context.Context, to print.Streams) (in keyvault.Import, err error) {
	var text []byte
	for _, file := range c.Files {
		some, err := material.Read(file)
		if err != nil {
			return in, err
		}
		if len(c.Files) > 1 && !material.IsPEM(some) {
			return in, misused("%s is not PEM, and only PEM comes in several files\nhint: a PFX file has all of it", file)
		}
		text = append(append(text, some...), '\n')
	}
	if !material.IsPEM(text) {
		text = text[:len(text)-1]
	}
	b, err := material.Bring(ctx, text, "")
	if err != nil {
		word, failed := ask.Password(to, c.PasswordFile, "password of "+c.Files[0])
		if failed != nil {
			return in, failed
		}
		if word == "" {
			return in, fmt.Errorf("read %s: %w\nhint: where it has a password, --password-file names a file with it; PEM has the key and its certificate, in one file or several", strings.Join(c.Files, ", "), err)
		}
		if b, err = material.Bring(ctx, text, word); err != nil {
			return in, fmt.Errorf("read %s: %w\nhint: is it the right password?", strings.Join(c.Files, ", "), err)
		}
	}
	in.Value, in.Password = b.Value, b.Password
	in.Policy = &keyvault.Policy{Secret: &keyvault.SecretProps{ContentType: b.Type}}
	return in, nil
}

type certExport struct {
	At           `embed:""`
	print.Format `embed:""`
	name         `embed:""`
	Version      string   `arg:"" optional:"" help:"The version; the latest if not given."`
	As           []string `help:"What to write: pem (key, certificate and chain), pfx, chain (certificate and chain), cert (certificate alone), key; may be said again." enum:"pem,pfx,chain,cert,key" default:"pem" placeholder:"FORM"`
	Dir          string   `help:"The folder to write to." default:"." placeholder:"DIR"`
	File         string   `help:"The file to write, where one form is asked for." placeholder:"FILE"`
	PasswordFile string   `help:"The file with the password for the PFX; without one it is asked for on a terminal, and empty elsewhere." placeholder:"FILE"`
	Force        bool     `help:"Replace files that are there."`
}

// Help shows how it is used.
func (certExport) Help() string {
	return `Files with a key are readable by you alone (0600). What is there already is left alone, unless --force says otherwise.

Example:
  certwright cert export web                      # web.pem
  certwright cert export web --as chain,key       # web-chain.pem, web.key
  certwright cert export web --as pfx --file /etc/app/web.pfx --password-file word.txt`
}

// A written file is what an export tells of each.
type written struct {
	File  string `json:"file"`
	Holds string `json:"holds"`
	Key   bool   `json:"key"`
}

// forms are what can be written: the ends of files' names, what they hold.
var forms = map[string]struct {
	end, holds string
	key        bool
}{
	"pem":   {".pem", "key, certificate and chain, in PEM", true},
	"pfx":   {".pfx", "key, certificate and chain, as PKCS #12", true},
	"chain": {"-chain.pem", "certificate and chain, in PEM", false},
	"cert":  {".cer", "the certificate alone, in PEM", false},
	"key":   {".key", "the key alone, in PEM", true},
}

// Run writes the files.
func (c certExport) Run(ctx context.Context, to print.Streams, find Find) error {
	slices.Sort(c.As)
	c.As = slices.Compact(c.As)
	if c.File != "" && len(c.As) > 1 {
		return misused("--file names one file, and %d forms are asked for\nhint: --dir names a folder for them", len(c.As))
	}
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	b, err := c.bundle(ctx, v)
	if err != nil {
		return named(err)
	}
	var all []written
	for _, form := range c.As {
		one, err := c.write(to, form, b)
		if err != nil {
			return err
		}
		all = append(all, one)
	}
	p := to.On(c.Format)
	if !p.People() {
		return print.List(p, print.Table[written]{Name: func(w written) string { return w.File }}, print.Slice(all))
	}
	for _, one := range all {
		fmt.Fprintf(to.Out, "wrote %s: %s\n", one.File, one.Holds)
	}
	return nil
}

// bundle is the certificate with its chain, and its key where one is to be written.
func (c certExport) bundle(ctx context.Context, v *reach.Vault) (material.Bundle, error) {
	wantsKey := slices.ContainsFunc(c.As, func(form string) bool { return forms[form].key })
	s, err := v.Secrets().Get(ctx, c.Name, c.Version)
	if err == nil {
		b, err := material.Opened(ctx, s.Value, s.ContentType)
		if err == nil && wantsKey && b.Key == nil {
			err = fmt.Errorf("%w of %s: its policy says that it is not exportable\nhint: --as chain writes what it hands out", material.ErrNoKey, c.Name)
		}
		return b, err
	}
	if keyvault.Is(err, 404, "") {
		return material.Bundle{}, c.absent(ctx, v)
	}
	if wantsKey || !keyvault.Is(err, 403, "") {
		if keyvault.Is(err, 403, "") {
			err = keyvault.Hinted(err, "the key lies in the certificate's secret: secrets/get is asked for; --as cert needs it not")
		}
		return material.Bundle{}, err
	}
	got, failed := v.Certificates().Get(ctx, c.Name, c.Version) // the certificate alone is less secret
	switch {
	case failed != nil:
		return material.Bundle{}, failed
	case slices.Contains(c.As, "chain") || len(got.Leaf) == 0:
		return material.Bundle{}, keyvault.Hinted(err, "the chain lies in the certificate's secret: secrets/get is asked for; --as cert writes the certificate alone")
	}
	return material.Bundle{Chain: [][]byte{got.Leaf}}, nil
}

// absent says why there is nothing to export.
func (c certExport) absent(ctx context.Context, v *reach.Vault) error {
	got, err := look(ctx, v, c.Name, c.Version)
	if err != nil || len(got.Leaf) > 0 {
		return or(err, fmt.Errorf("the secret of %s is not there", c.Name))
	}
	if got.Operation != nil && got.Operation.Status == keyvault.InProgress {
		return InProgress{fmt.Errorf("%s is not issued yet\nhint: %s", c.Name, nextStep(c.Name, *got.Operation))}
	}
	return fmt.Errorf("%s was never issued\nhint: certwright cert show %[1]s says how its order ended", c.Name)
}

func (c certExport) write(to print.Streams, form string, b material.Bundle) (w written, err error) {
	f := forms[form]
	w = written{filepath.Join(c.Dir, c.Name+f.end), f.holds, f.key}
	if c.File != "" {
		w.File = c.File
	}
	var text []byte
	switch form {
	case "pem":
		text, err = b.PEM()
	case "pfx":
		var word string
		if word, err = ask.Password(to, c.PasswordFile, "password for "+w.File); err == nil {
			text, err = b.PFX(word)
		}
	case "chain":
		text, err = b.ChainPEM()
	case "cert":
		text, err = b.LeafPEM()
	case "key":
		text, err = b.KeyPEM()
	}
	if err != nil {
		return w, err
	}
	if f.key {
		return w, material.Write(w.File, text, c.Force)
	}
	return w, material.WritePublic(w.File, text, c.Force)
}
