package vaults

import (
	"context"
	"fmt"
	"io"

	"certwright/internal/client/keyvault"
	"certwright/internal/print"
)

type certDisable struct {
	At           `embed:""`
	print.Format `embed:""`
	name         `embed:""`
	Version      string `arg:"" optional:"" help:"The version; the latest if not given."`
}

// Help shows how it is used.
func (certDisable) Help() string { return "Example:\n  certwright cert disable web" }

// Run disables it.
func (c certDisable) Run(ctx context.Context, to print.Streams, find Find) error {
	return enable(ctx, to, find, c.At, c.Format, c.Name, c.Version, false)
}

type certEnable struct {
	At           `embed:""`
	print.Format `embed:""`
	name         `embed:""`
	Version      string `arg:"" optional:"" help:"The version; the latest if not given."`
}

// Help shows how it is used.
func (certEnable) Help() string { return "Example:\n  certwright cert enable web" }

// Run enables it.
func (c certEnable) Run(ctx context.Context, to print.Streams, find Find) error {
	return enable(ctx, to, find, c.At, c.Format, c.Name, c.Version, true)
}

func enable(ctx context.Context, to print.Streams, find Find, at At, f print.Format, name, version string, on bool) error {
	v, err := at.reach(ctx, find)
	if err != nil {
		return err
	}
	done, err := v.Certificates().Update(ctx, name, version, keyvault.Change{Attributes: &keyvault.Attributes{Enabled: &on}})
	if err != nil {
		return named(err)
	}
	word := "disabled"
	if on {
		word = "enabled"
	}
	return told(to.On(f), done, name, "version %s of %s is %s", done.ID.Version(), name, word)
}

// told prints a thing, and for people a line that says what was done to it.
func told(p *print.Printer, v any, name, format string, args ...any) error {
	return p.One(v, name, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, format+"\n", args...)
		return err
	})
}

type certDelete struct {
	At           `embed:""`
	print.Format `embed:""`
	name         `embed:""`
	Sure         `embed:""`
}

// Help shows how it is used.
func (certDelete) Help() string { return "Example:\n  certwright cert delete web --yes" }

// Run deletes it.
func (c certDelete) Run(ctx context.Context, to print.Streams, find Find) error {
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	if err := c.sure(to, "cert delete "+c.Name, "delete it", c.Name); err != nil {
		return err
	}
	done, err := v.Certificates().Delete(ctx, c.Name)
	if err != nil {
		return named(err)
	}
	until := "it is gone for good: this vault keeps nothing that is deleted"
	if !done.Purge.IsZero() {
		until = "certwright cert recover " + c.Name + " brings it back; it is purged " + when(v.Now(ctx), done.Purge)
	}
	return told(to.On(c.Format), done, c.Name, "deleted %s; %s", c.Name, until)
}

type certRecover struct {
	At           `embed:""`
	print.Format `embed:""`
	name         `embed:""`
}

// Help shows how it is used.
func (certRecover) Help() string {
	return "certwright cert list --deleted shows what can be recovered.\n\nExample:\n  certwright cert recover web"
}

// Run brings it back.
func (c certRecover) Run(ctx context.Context, to print.Streams, find Find) error {
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	done, err := v.Certificates().Recover(ctx, c.Name)
	if err != nil {
		return named(keyvault.Hinted(err, "certwright cert list --deleted shows what can be recovered"))
	}
	return told(to.On(c.Format), done, c.Name, "%s is back", c.Name)
}

type certPurge struct {
	At   `embed:""`
	name `embed:""`
	Sure `embed:""`
}

// Help shows how it is used.
func (certPurge) Help() string { return "Example:\n  certwright cert purge web --yes" }

// Run removes it for good.
func (c certPurge) Run(ctx context.Context, to print.Streams, find Find) error {
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	if err := c.sure(to, "cert purge "+c.Name, "remove it for good", c.Name); err != nil {
		return err
	}
	if err := v.Certificates().Purge(ctx, c.Name); err != nil {
		return named(keyvault.Hinted(err, "only what is deleted is purged: certwright cert list --deleted shows that"))
	}
	fmt.Fprintf(to.Err, "purged %s\n", c.Name)
	return nil
}
