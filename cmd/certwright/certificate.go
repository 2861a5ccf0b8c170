package main

import (
	"context"
	"fmt"

	"certwright/internal/admin"
	"certwright/internal/client"
)

type revokeCommand struct {
	one     `embed:""`
	Version string `arg:"" optional:"" help:"The version; the latest if not given."`
	Reason  string `help:"Why, as RFC 5280 names it (unspecified), such as keyCompromise or superseded." default:"unspecified" placeholder:"REASON"`
}

// Run has a version of a certificate revoked by the authority that issued it.
// Vault, version and reason go to stdout.
func (v revokeCommand) Run(ctx context.Context, to streams) error {
	if _, err := admin.ParseReason(v.Reason); err != nil {
		return exitError{exitUsage, fmt.Errorf("unknown reason %q\nhint: use unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, privilegeWithdrawn or aACompromise", v.Reason)}
	}
	c, vaultName, err := v.find(ctx)
	if err != nil {
		return err
	}
	done, err := c.Revoke(ctx, admin.RevokeRequest{Vault: vaultName, Certificate: v.Name, Version: v.Version, Reason: admin.ReasonText(v.Reason)})
	if err != nil {
		return client.Hinted(err, "the version stays valid; certificates that no issuer of this server made cannot be revoked here")
	}
	_, err = fmt.Fprintf(to.out, "revoked %s/%s/%s: %s\n", done.Vault, done.Certificate, done.Version, done.Reason)
	return err
}
