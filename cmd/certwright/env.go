package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"certwright/internal/client"
	"certwright/internal/clientenv"
)

type envCommand struct {
	Vault      string `help:"The vault to point at; the server's default vault if not given." placeholder:"NAME"`
	Shell      string `help:"The shell to print for: sh, bash, zsh, fish or powershell; or json." enum:"sh,bash,zsh,fish,powershell,pwsh,json" default:"sh"`
	AzureNames bool   `help:"Also send programs through the server's proxy, which leads *.vault.azure.net to it."`
	Wait       bool   `help:"Wait up to 30 s for the server to run, as right after certwright dev &."`
	running    `embed:""`
}

// resolveTime is how long a name may take to be found.
const resolveTime = 500 * time.Millisecond

// waitTime is how long a server may take that is waited for.
const waitTime = 30 * time.Second

// Help shows how it is used.
func (envCommand) Help() string {
	return `In the shell of your program:
  eval "$(certwright env)"                              sh, bash, zsh
  certwright env --shell fish | source                  fish
  certwright env --shell pwsh | Out-String | iex        PowerShell

In a script that starts the server itself:
  certwright dev & eval "$(certwright env --wait)"`
}

// server is the one that is meant.
func (e envCommand) server(ctx context.Context) (*client.Client, error) {
	if !e.Wait {
		return e.find(ctx)
	}
	data, err := e.where()
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeout(ctx, waitTime)
	defer stop()
	return client.Await(ctx, data)
}

// Run prints the environment of the server that is meant. It fails where what it
// would print could not work.
func (e envCommand) Run(ctx context.Context, to streams) error {
	c, err := e.server(ctx)
	if err != nil {
		return err
	}
	r := c.At
	if r.Production {
		return fmt.Errorf("a production server runs in %s, where clients sign in\nhint: docs/serve.md says what each client needs", r.Data)
	}
	url, err := e.vaultURL(ctx, r)
	if err != nil {
		return err
	}
	if err := r.PointAzure(url); err != nil { // others' programs do without
		fmt.Fprintf(to.err, "certwright: %v\nhint: Azure CLI may not find the vaults; start the server again\n", err)
	}
	vars := r.Environment(url, os.Getenv)
	if e.AzureNames && r.ProxyURL == "" {
		return errors.New("the server has no proxy\nhint: start it with certwright dev --proxy 127.0.0.1:0")
	}
	if e.AzureNames {
		vars = r.ThroughProxy(vars)
	}
	return clientenv.Print(to.out, e.Shell, vars)
}

// vaultURL is the vault by name, or, where the name does not lead to the
// server, by address. An address means the default vault only.
func (e envCommand) vaultURL(ctx context.Context, r clientenv.Ready) (string, error) {
	name := defaultVault(r)
	if e.Vault != "" {
		if err := checkVault(e.Vault); err != nil {
			return "", err
		}
		name = strings.ToLower(e.Vault)
	}
	byName := r.VaultURLOf(name)
	ctx, stop := context.WithTimeout(ctx, resolveTime)
	defer stop()
	switch {
	case r.Resolves(ctx, byName):
		return byName, nil
	case byName == r.VaultURL:
		return r.IPURL, nil
	}
	return "", fmt.Errorf("%s does not resolve here\nhint: add this line to %s\n%s", byName, clientenv.HostsFile(), r.HostsLine(name))
}
