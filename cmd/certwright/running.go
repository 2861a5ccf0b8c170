package main

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"certwright/internal/client"
	"certwright/internal/clientenv"
	"certwright/internal/vault"
)

// running is the server that a command talks to: the one in a data folder.
type running struct {
	Data string `help:"The data folder of the server (this user's own)." placeholder:"DIR" env:"CERTWRIGHT_DATA"`
}

// folder is the data folder's absolute path.
func (d running) folder() (string, error) {
	if d.Data == "" {
		return clientenv.DefaultData()
	}
	return filepath.Abs(d.Data)
}

func (d running) find(ctx context.Context) (*client.Client, error) { return client.Find(ctx, d.Data) }

// inVault is a vault of that server.
type inVault struct {
	running `embed:""`
	Vault   string `help:"The vault; the server's default vault if not given." placeholder:"NAME"`
}

// find returns the running server and the vault's name there.
func (v inVault) find(ctx context.Context) (*client.Client, string, error) {
	if v.Vault != "" {
		if err := checkVault(v.Vault); err != nil {
			return nil, "", err
		}
	}
	c, err := v.running.find(ctx)
	if err != nil || v.Vault != "" {
		return c, v.Vault, err
	}
	return c, defaultVault(c.At), nil
}

// one is the certificate that a command is about.
type one struct {
	inVault `embed:""`
	Name    string `arg:"" help:"The certificate's name."`
}

// defaultVault is the first label of the host that the server calls its vault by.
func defaultVault(r clientenv.Ready) string {
	u, err := url.Parse(r.VaultURL)
	if err != nil {
		return ""
	}
	name, _, _ := strings.Cut(u.Hostname(), ".")
	return name
}

func checkVault(name string) error {
	if vault.CheckVaultName(name) != nil {
		return exitError{exitUsage, fmt.Errorf("%q is not a valid vault name\nhint: use 1 to 63 characters of 0-9, a-z and -", name)}
	}
	return nil
}
