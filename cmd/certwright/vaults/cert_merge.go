package vaults

import (
	"context"
	"errors"
	"fmt"
	"io"

	"certwright/internal/certs"
	"certwright/internal/client/keyvault"
	"certwright/internal/material"
	"certwright/internal/print"
)

type certMerge struct {
	At           `embed:""`
	print.Format `embed:""`
	name         `embed:""`
	Files        []string `arg:"" help:"What the authority sent back: the certificate and, in the same file or others, its chain. PEM, DER and PKCS #7 are read."`
}

// Help shows how it is used.
func (certMerge) Help() string {
	return "The certificate must be for the key of the request: certwright order csr NAME prints that.\n\nExample:\n  certwright cert merge web signed.pem\n  certwright cert merge web web.cer chain.p7b"
}

// Run completes the certificate.
func (c certMerge) Run(ctx context.Context, to print.Streams, find Find) error {
	var found [][]byte
	for _, file := range c.Files {
		text, err := material.Read(file)
		if err != nil {
			return err
		}
		some, err := material.Certificates(ctx, text)
		if err != nil {
			return fmt.Errorf("read %s: %w\nhint: it is the signed certificate that is merged, in PEM, DER or PKCS #7", file, err)
		}
		found = append(found, some...)
	}
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	o, err := v.Operations().Get(ctx, c.Name)
	if keyvault.Is(err, 404, "PendingCertificateNotFound") {
		return keyvault.Hinted(err, "there is no request that it would answer; a certificate with its key is imported: certwright cert import "+c.Name+" FILE")
	}
	if err != nil {
		return named(err)
	}
	chain, err := material.LeafFirst(found, o.CSR)
	if errors.Is(err, material.ErrOtherKey) {
		return fmt.Errorf("%w of %s: it is of %s\nhint: have the request signed that certwright order csr %s prints; a request made by another program, or an older one, is for another key", err, c.Name, subjects(found), c.Name)
	}
	if err != nil {
		return err
	}
	done, err := v.Operations().Merge(ctx, c.Name, chain)
	if err != nil {
		return mergeHint(err, c.Name, o)
	}
	for _, doubt := range material.Doubts(chain, o.CSR, v.Now(ctx)) {
		fmt.Fprintln(to.Err, "note: "+print.Plain(doubt))
	}
	p := to.On(c.Format)
	return p.One(done, c.Name, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s is complete: version %s, it expires %s\n", c.Name, done.ID.Version(), when(v.Now(ctx), done.Attributes.Expires))
		return err
	})
}

func mergeHint(err error, name string, o keyvault.Operation) error {
	switch {
	case o.Status == keyvault.Completed:
		return keyvault.Hinted(err, "it is complete already: certwright cert show "+name+"; certwright cert renew "+name+" begins another version")
	case o.Issuer.Name != unknownIssuer:
		return keyvault.Hinted(err, "issuer "+o.Issuer.Name+" answers by itself; certwright cert show "+name+" --wait waits for it")
	}
	return keyvault.Hinted(err, "certwright cert show "+name+" says where it stands")
}

// subjects names certificates.
func subjects(all [][]byte) (text string) {
	for i, der := range all {
		if i > 0 {
			text += "; "
		}
		if c, err := certs.Parse(der); err == nil {
			text += print.Plain(c.Subject)
		}
	}
	return text
}

type certCancel struct {
	At           `embed:""`
	print.Format `embed:""`
	name         `embed:""`
	Forget       bool `help:"Remove it from the vault at once, without a word to the issuer, also where it has ended."`
}

// Help shows how it is used.
func (certCancel) Help() string {
	return "A cancel is asked of the issuer; until that has answered the operation goes on.\n\nExample:\n  certwright cert cancel web"
}

// Run cancels it.
func (c certCancel) Run(ctx context.Context, to print.Streams, find Find) error {
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	do := v.Operations().Cancel
	if c.Forget {
		do = v.Operations().Delete
	}
	o, err := do(ctx, c.Name)
	switch {
	case keyvault.Is(err, 400, ""):
		return keyvault.Hinted(err, "it has ended already: certwright cert show "+c.Name+" says how; --forget removes it")
	case err != nil:
		return named(err)
	}
	if !c.Forget && o.Status == keyvault.InProgress {
		if o, err = v.Operations().Get(ctx, c.Name); err != nil {
			return err
		}
	}
	p := to.On(c.Format)
	return p.One(o, c.Name, func(w io.Writer) error {
		text := "the cancellation of " + c.Name + " is asked for; certwright cert show " + c.Name + " --wait waits for the answer"
		switch {
		case c.Forget:
			text = "the operation of " + c.Name + " is forgotten; it was " + o.Status
		case o.Status != keyvault.InProgress:
			text = c.Name + ": " + o.Status
		}
		_, err := fmt.Fprintln(w, text)
		return err
	})
}
