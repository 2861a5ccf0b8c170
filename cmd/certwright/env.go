package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"certwright/internal/server"
)

type envCommand struct {
	Vault      string `help:"The vault to point at; the server's default vault if not given." placeholder:"NAME"`
	Shell      string `help:"Whose language to print: sh, fish, powershell or json." enum:"sh,fish,powershell,json" default:"sh"`
	AzureNames bool   `help:"Also send programs through the server's proxy, which leads *.vault.azure.net to it."`
	running    `embed:""`
}

// resolveTime is how long a name may take to be found.
const resolveTime = 500 * time.Millisecond

// Run prints the environment of the server that runs in the data folder.
func (e envCommand) Run(to streams) error {
	r, err := e.find()
	if err != nil {
		return err
	}
	url, err := e.vaultURL(to, r)
	if err != nil {
		return err
	}
	vars := r.Environment(url, os.Getenv)
	if e.AzureNames && r.ProxyURL == "" {
		return errors.New("the server has no proxy\nhint: start it with certwright dev --proxy 127.0.0.1:0")
	}
	if e.AzureNames {
		vars = r.ThroughProxy(vars)
	}
	return printEnvironment(to.out, e.Shell, vars)
}

// vaultURL is the vault by name, or, where the name does not lead to the
// server, by address. An address means the default vault only.
func (e envCommand) vaultURL(to streams, r server.Ready) (string, error) {
	byName := r.VaultURL
	if e.Vault != "" {
		if err := checkVault(e.Vault); err != nil {
			return "", err
		}
		byName = r.VaultURLOf(e.Vault)
	}
	ctx, stop := context.WithTimeout(context.Background(), resolveTime)
	defer stop()
	switch {
	case r.Resolves(ctx, byName):
	case e.Vault == "":
		return r.IPURL, nil
	default:
		fmt.Fprintf(to.err, "certwright: %s does not resolve here\nhint: add this line to %s\n%s\n", byName, hostsFile(), r.HostsLine(e.Vault))
		if byName == r.VaultURL { // the address will do for all but Java
			return r.IPURL, nil
		}
	}
	return byName, nil
}
