package main

import (
	"fmt"
	"net/http"

	"certwright/internal/admin"
)

type revokeCommand struct {
	one     `embed:""`
	Version string `arg:"" optional:"" help:"The version; the latest if not given."`
	Reason  string `help:"Why, as RFC 5280 names it (unspecified), such as keyCompromise or superseded." default:"unspecified" placeholder:"REASON"`
}

// Run has a version of a certificate revoked by the authority that issued it.
// Vault, version and reason go to stdout.
func (v revokeCommand) Run(to streams) error {
	if _, err := admin.ParseReason(v.Reason); err != nil {
		return exitError{exitUsage, fmt.Errorf("%q is no reason\nhint: unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, privilegeWithdrawn or aACompromise", v.Reason)}
	}
	r, vaultName, err := v.find()
	if err != nil {
		return err
	}
	var done admin.Revoked
	in := map[string]string{"vault": vaultName, "certificate": v.Name, "version": v.Version, "reason": v.Reason}
	if err := call(r, http.MethodPost, "/admin/revoke", in, &done); err != nil {
		return hinted(err, "the version stays valid; certificates that no issuer of this server made cannot be revoked here")
	}
	_, err = fmt.Fprintf(to.out, "revoked %s/%s/%s: %s\n", done.Vault, done.Certificate, done.Version, done.Reason)
	return err
}
