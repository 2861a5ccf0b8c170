package main

import (
	"context"
	"fmt"

	"certwright/internal/client"
)

type registerCommand struct {
	inVault `embed:""`
	Issuer  string `arg:"" help:"The issuer's name in the vault."`
}

// Run has an issuer registered anew at its authority, as after its account was
// deactivated there. The account goes to stdout.
func (r registerCommand) Run(ctx context.Context, to streams) error {
	c, vaultName, err := r.find(ctx)
	if err != nil {
		return err
	}
	done, err := c.Register(ctx, vaultName, r.Issuer)
	if err != nil {
		return client.Hinted(err, "the issuer keeps the account it has; --vault names another vault")
	}
	_, err = fmt.Fprintf(to.out, "registered %s/%s: %s\n", done.Vault, done.Issuer, done.Account)
	return err
}

type caCommand struct {
	Rollover rolloverCommand `cmd:"" help:"Give a built-in CA a new issuing certificate; the old one keeps its CRL."`
}

type rolloverCommand struct {
	running  `embed:""`
	Provider string `arg:"" optional:"" default:"Internal" help:"The provider, as the configuration names it (Internal)."`
}

// Run rolls the issuing certificate over.
func (c rolloverCommand) Run(ctx context.Context, to streams) error {
	server, err := c.find(ctx)
	if err != nil {
		return err
	}
	if err := server.Rollover(ctx, c.Provider); err != nil {
		return client.Hinted(err, "name one of these; providers stand in the server's configuration file")
	}
	fmt.Fprintf(to.err, "%s has a new issuing certificate\n", c.Provider)
	return nil
}
