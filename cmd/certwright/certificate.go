package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"certwright/internal/admin"
	"certwright/internal/client"
	"certwright/internal/print"
	"certwright/internal/vault"
)

type revokeCommand struct {
	one     `embed:""`
	Version string `arg:"" optional:"" help:"The version; the latest if not given."`
	Reason  string `help:"Why, as RFC 5280 names it: unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, privilegeWithdrawn or aACompromise." default:"unspecified" placeholder:"REASON"`
}

// hint is what to do about a refusal of its kind.
func (v revokeCommand) hint(err error) string {
	var refused *client.Error
	errors.As(err, &refused)
	switch {
	case refused == nil:
		return ""
	case refused.Code == "NotIssued":
		return "certwright history " + v.Name + " says what it waits for"
	case refused.Code == "NotRevocable":
		return "have it revoked where it was signed; until then the version can be disabled, so that nobody reads its key here"
	case refused.Status == http.StatusNotFound && v.Version != "":
		return "leave the version out for the latest; --vault names another vault"
	case refused.Status == http.StatusNotFound:
		return "--vault names another vault"
	case refused.Status == http.StatusForbidden:
		return "certwright access list says who may"
	case refused.Status >= http.StatusInternalServerError:
		return "it is not known whether the authority revoked it: try again, twice does no harm; the server's log says why"
	}
	return "nothing was revoked: another --reason, or another version, may be taken"
}

// Run has a version of a certificate revoked by the authority that issued it.
// Vault, version and reason go to stdout.
func (v revokeCommand) Run(ctx context.Context, to streams) error {
	var unknown *vault.Error
	if _, err := admin.ParseReason(v.Reason); errors.As(err, &unknown) {
		return exitError{exitUsage, fmt.Errorf("%s\nhint: certwright revoke %s --reason superseded, where another version took its place; docs/operate.md has them all", unknown.Message, print.Plain(v.Name))}
	}
	c, vaultName, err := v.find(ctx)
	if err != nil {
		return err
	}
	done, err := c.Revoke(ctx, admin.RevokeRequest{Vault: vaultName, Certificate: v.Name, Version: v.Version, Reason: admin.ReasonText(v.Reason)})
	if err != nil {
		return client.Hinted(err, v.hint(err))
	}
	_, err = fmt.Fprintf(to.out, "revoked %s/%s/%s: %s\n", done.Vault, done.Certificate, done.Version, done.Reason)
	return err
}
