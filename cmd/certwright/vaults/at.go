package vaults

import (
	"context"
	"errors"
	"fmt"
	"os"

	"certwright/internal/client"
	"certwright/internal/client/keyvault"
	"certwright/internal/client/reach"
)

// Find returns the server of a data folder or a configuration file, "" and "" for
// the one that runs here.
type Find func(ctx context.Context, data, config string) (*client.Client, error)

// At is where a vault is and how to sign in there; commands embed it.
type At struct {
	Vault       string `help:"The vault: its address, as in https://web.vault.azure.net, or the name of one of the server that runs here. Without it AZURE_KEYVAULT_URL, else that server's default vault." placeholder:"URL" group:"The vault"`
	Data        string `help:"The data folder of the server that runs here." placeholder:"DIR" env:"CERTWRIGHT_DATA" group:"The vault"`
	Config      string `help:"The configuration file of the server that runs here." placeholder:"FILE" env:"CERTWRIGHT_CONFIG" group:"The vault"`
	CAFile      string `name:"ca-file" help:"Trust this authority too (PEM)." placeholder:"FILE" group:"The vault"`
	ClientID    string `name:"client-id" help:"Sign in as this client, with AZURE_CLIENT_SECRET or one of the next two." placeholder:"ID" env:"AZURE_CLIENT_ID" group:"The vault"`
	SecretFile  string `name:"client-secret-file" help:"The file with the client's secret." placeholder:"FILE" group:"The vault"`
	Certificate string `name:"client-certificate" help:"PEM file with a certificate and its key: the client's, or, without --client-id, the connection's." placeholder:"FILE" env:"AZURE_CLIENT_CERTIFICATE_PATH" group:"The vault"`
	Tenant      string `name:"tenant-id" help:"The tenant to sign in to, if not the one that the vault names." placeholder:"ID" env:"AZURE_TENANT_ID" group:"The vault"`
}

// reach makes a client of the vault.
func (a At) reach(ctx context.Context, find Find) (*reach.Vault, error) {
	v, err := reach.To(ctx, reach.Options{
		Vault: a.Vault, Here: said(a.Data, "CERTWRIGHT_DATA") || said(a.Config, "CERTWRIGHT_CONFIG"), Any: a.Data == "" && a.Config == "", CAFile: a.CAFile,
		ClientID: a.ClientID, Tenant: a.Tenant, SecretFile: a.SecretFile, Certificate: a.Certificate,
		Find: func(ctx context.Context) (*client.Client, error) { return find(ctx, a.Data, a.Config) },
	})
	if errors.Is(err, reach.ErrBadVault) || errors.Is(err, reach.ErrNoClient) {
		err = misuse(err)
	}
	return v, err
}

// said reports whether a flag was said, not its variable alone.
func said(flag, variable string) bool { return flag != "" && flag != os.Getenv(variable) }

// A UsageError is what was wrong with the flags or arguments.
type UsageError struct{ error }

// ExitCode is the program's for wrong use.
func (UsageError) ExitCode() int { return 2 }

// Unwrap returns what was wrong.
func (e UsageError) Unwrap() error { return e.error }

func misuse(err error) error { return UsageError{err} }

func misused(format string, args ...any) error { return misuse(fmt.Errorf(format, args...)) }

// named makes wrong use of a name that no object can have.
func named(err error) error {
	if errors.Is(err, keyvault.ErrName) {
		return misuse(err)
	}
	return err
}

// InProgress is the error of a wait that ended before the operation did.
type InProgress struct{ error }

// ExitCode is the program's for what is in progress.
func (InProgress) ExitCode() int { return 5 }
