package vaults

import (
	"context"

	"certwright/internal/client/keyvault"
	"certwright/internal/material"
	"certwright/internal/print"
)

// CSR prints the certificate signing request of what is in progress.
type CSR struct {
	At    `embed:""`
	name  `embed:""`
	File  string `help:"The file to write, instead of printing it." placeholder:"FILE"`
	Force bool   `help:"Replace the file if it is there."`
}

// Help shows how it is used.
func (CSR) Help() string {
	return "Example:\n  certwright order csr web > web.csr\n  openssl req -in web.csr -noout -text"
}

// Run prints it in PEM.
func (c CSR) Run(ctx context.Context, to print.Streams, find Find) error {
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	o, err := v.Operations().Get(ctx, c.Name)
	if err != nil {
		return named(keyvault.Hinted(err, "certwright cert new "+c.Name+" --issuer Unknown begins one; certwright cert renew "+c.Name+" the next version of one that is there"))
	}
	if c.File != "" {
		return material.WritePublic(c.File, csrPEM(o.CSR), c.Force)
	}
	_, err = to.Out.Write(csrPEM(o.CSR))
	return err
}
