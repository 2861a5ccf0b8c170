// Command azurerm does what Terraform's azurerm provider does, with the
// provider's own libraries and in its order: it reads the cloud from
// metadata_host, logs in, finds a vault in the management plane, makes what
// its resources for a vault make, and finds the vault again by its address,
// as a refresh does in a new process.
//
// The third way has no metadata_host and no management plane: autorest.go.
//
//	azurerm METADATA-HOST secret|msi
//	azurerm - autorest
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/hashicorp/go-azure-sdk/sdk/auth"
	"github.com/hashicorp/go-azure-sdk/sdk/auth/autorest"
	"github.com/hashicorp/go-azure-sdk/sdk/environments"
	keyvault "github.com/jackofallops/kermit/sdk/keyvault/7.4/keyvault"
)

// What a configuration has: provider block and data source.
const (
	subscription = "00000000-0000-0000-0000-000000000001"
	group        = "certwright"
	vaultName    = "default"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: azurerm METADATA-HOST secret|msi, or azurerm - autorest")
		os.Exit(2)
	}
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute)
	defer stop()
	if err := run(ctx, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "azurerm:", err)
		os.Exit(1)
	}
	fmt.Printf("azurerm at %s by %s: all of it works\n", os.Args[1], os.Args[2])
}

func run(ctx context.Context, metadataHost, way string) error {
	if way == "autorest" {
		return runAutorest(ctx)
	}
	env, err := environments.FromEndpoint(ctx, "https://"+metadataHost)
	if err != nil {
		return err
	}
	login, err := credentials(env, way)
	if err != nil {
		return err
	}
	if err := tokens(ctx, env, login); err != nil {
		return err
	}
	plane, err := openPlane(ctx, env, login)
	if err != nil {
		return err
	}
	id, uri, err := plane.find(ctx)
	if err != nil {
		return err
	}
	vault, err := auth.NewAuthorizerFromCredentials(ctx, login, env.KeyVault)
	if err != nil {
		return err
	}
	client := keyvault.New()
	client.Authorizer = autorest.AutorestAuthorizer(vault).BearerAuthorizerCallback()
	if err := resources(ctx, client, uri); err != nil {
		return err
	}
	return plane.findAgain(ctx, id, uri)
}

// resources makes, reads and destroys what can lie in a vault.
func resources(ctx context.Context, client keyvault.BaseClient, uri string) error {
	for _, step := range []struct {
		name string
		do   func(context.Context, keyvault.BaseClient, string) error
	}{
		{"certificate", certificate}, {"key", key}, {"secret", secret}, {"certificate_issuer", issuer}, {"certificate_contacts", contacts}, {"destroy", destroy},
	} {
		if err := step.do(ctx, client, uri); err != nil {
			return fmt.Errorf("azurerm_key_vault_%s: %w", step.name, err)
		}
	}
	return nil
}

// credentials are those of the provider block: any client with a secret in
// tenant adfs, or a managed identity at the server's endpoint.
func credentials(env *environments.Environment, way string) (auth.Credentials, error) {
	c := auth.Credentials{Environment: *env, TenantID: "adfs", ClientID: "any"}
	switch way {
	case "secret":
		c.EnableAuthenticatingUsingClientSecret, c.ClientSecret = true, "any"
	case "msi":
		c.EnableAuthenticatingUsingManagedIdentity, c.ClientID = true, ""
		c.CustomManagedIdentityEndpoint = os.Getenv("CERTWRIGHT_HTTP_URL") + "/metadata/identity/oauth2/token"
	default:
		return c, fmt.Errorf("%s is neither secret nor msi", way)
	}
	return c, nil
}

// tokens fetches one for every service that the provider makes a client of at
// its start, whether a resource needs it or not.
func tokens(ctx context.Context, env *environments.Environment, login auth.Credentials) error {
	for _, api := range []environments.Api{env.ResourceManager, env.MicrosoftGraph, env.KeyVault, env.ManagedHSM, env.Storage, env.Synapse, env.Batch, env.Attestation} {
		authorizer, err := auth.NewAuthorizerFromCredentials(ctx, login, api)
		if err != nil {
			return fmt.Errorf("log in for %s: %w", api.Name(), err)
		}
		token, err := authorizer.Token(ctx, nil)
		if err != nil || token.AccessToken == "" {
			return fmt.Errorf("a token for %s: %w", api.Name(), err)
		}
	}
	return nil
}
