package vaults

import (
	"context"
	"errors"
	"fmt"

	"certwright/internal/admin"
	"certwright/internal/client"
	"certwright/internal/print"
)

type certRevoke struct {
	At      `embed:""`
	name    `embed:""`
	Version string `arg:"" optional:"" help:"The version; the latest if not given."`
	Reason  string `help:"Why, as RFC 5280 names it: unspecified, keyCompromise, superseded, ..." default:"unspecified" placeholder:"REASON"`
	Sure    `embed:""`
}

// Help shows how it is used.
func (certRevoke) Help() string {
	return "The server that runs here asks the authority that issued it; Azure Key Vault cannot.\n\nExample:\n  certwright cert revoke web --reason keyCompromise --yes"
}

// Run has it revoked by the authority that issued it.
func (c certRevoke) Run(ctx context.Context, to print.Streams, find Find) error {
	if _, err := admin.ParseReason(c.Reason); err != nil {
		return misused("unknown reason %q\nhint: use unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, privilegeWithdrawn or aACompromise", print.Plain(c.Reason))
	}
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	if v.Server == nil {
		return errors.New("the Key Vault API has no way to revoke a certificate, and the server of this vault does not run here\nhint: run this where it runs, or ask the authority; certwright cert disable " + c.Name + " keeps its key from being had")
	}
	if err := c.sure(to, "cert revoke "+c.Name, "revoke it", c.Name); err != nil {
		return err
	}
	done, err := v.Server.Revoke(ctx, admin.RevokeRequest{Vault: v.Name(), Certificate: c.Name, Version: c.Version, Reason: admin.ReasonText(c.Reason)})
	if err != nil {
		return client.Hinted(err, "the version stays valid")
	}
	_, err = fmt.Fprintf(to.Out, "revoked %s/%s/%s: %s\n", done.Vault, done.Certificate, done.Version, done.Reason)
	return err
}
