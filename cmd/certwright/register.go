package main

import (
	"fmt"
	"net/http"
	"net/url"

	"certwright/internal/admin"
)

type registerCommand struct {
	running `embed:""`
	Vault   string `help:"The vault; the server's default vault if not given." placeholder:"NAME"`
	Issuer  string `arg:"" help:"The issuer's name in the vault."`
}

// Run has an issuer registered anew at its authority, as after its account was
// deactivated there. The account goes to stdout.
func (c registerCommand) Run(to streams) error {
	r, vaultName, err := one{running: c.running, Vault: c.Vault}.find()
	if err != nil {
		return err
	}
	var done admin.Registered
	path := "/admin/issuers/" + url.PathEscape(vaultName) + "/" + url.PathEscape(c.Issuer) + "/account"
	if err := call(r, http.MethodPost, path, nil, &done); err != nil {
		return hinted(err, "the issuer keeps the account it has; --vault names another vault")
	}
	_, err = fmt.Fprintf(to.out, "registered %s/%s: %s\n", done.Vault, done.Issuer, done.Account)
	return err
}
