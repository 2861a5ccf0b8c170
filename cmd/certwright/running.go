package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"

	"certwright/internal/client"
	"certwright/internal/clientenv"
	"certwright/internal/config"
	"certwright/internal/vault"
)

// running is the server that a command talks to: the one in a data folder, the
// one of a configuration, or the one that runs.
type running struct {
	inFolder `embed:""`
	Config   string `help:"The configuration file of the server." placeholder:"FILE" env:"CERTWRIGHT_CONFIG"`
}

func (r running) find(ctx context.Context) (*client.Client, error) {
	data, err := r.where()
	if err != nil {
		return nil, err
	}
	return client.Find(ctx, data)
}

// where is the data folder that is named; "" where none is.
func (r running) where() (string, error) {
	if r.Data != "" || r.Config == "" {
		return r.Data, nil
	}
	c, err := config.Read(r.Config)
	if err != nil {
		return "", exitError{exitUsage, err}
	}
	if c.Data == "" {
		return clientenv.DefaultData()
	}
	return c.Data, nil
}

// inFolder is the data folder of a server.
type inFolder struct {
	Data string `help:"The data folder of the server (that of the one that runs, else this user's own)." placeholder:"DIR" env:"CERTWRIGHT_DATA"`
}

// folder is the data folder's absolute path.
func (d inFolder) folder() (string, error) {
	if d.Data == "" {
		return clientenv.DefaultData()
	}
	return filepath.Abs(d.Data)
}

// inUse is the folder that is named, else that of the one server that runs, else
// this user's own: for what can be done to a folder beside its server.
func inUse(ctx context.Context, named string) (string, error) {
	if named != "" {
		return filepath.Abs(named)
	}
	c, err := client.Find(ctx, "")
	switch {
	case err == nil:
		return c.At.Data, nil
	case client.NotRunning(err) || errors.Is(err, fs.ErrPermission): // another's server is not meant
		return clientenv.DefaultData()
	}
	return "", err
}

// theFolder is the folder that a flag names, else that of the configuration file,
// which says one or means this user's own; where there is no file, as inUse.
func theFolder(ctx context.Context, file, flag, configured string) (string, error) {
	if flag == "" && file != "" {
		return inFolder{configured}.folder()
	}
	return inUse(ctx, flag)
}

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
