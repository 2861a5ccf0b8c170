package main

import (
	"context"
	"fmt"
	"os"

	"github.com/Azure/go-autorest/autorest"
	"github.com/Azure/go-autorest/autorest/adal"
	"github.com/Azure/go-autorest/autorest/azure"
	keyvault "github.com/jackofallops/kermit/sdk/keyvault/7.4/keyvault"
)

// runAutorest does what programs of go-autorest do that are told
// AzureStackCloud: the cloud comes from AZURE_ENVIRONMENT_FILEPATH, the token
// from MSI_ENDPOINT, the vault's address from its name.
func runAutorest(ctx context.Context) error {
	env, err := azure.EnvironmentFromName("AzureStackCloud")
	if err != nil {
		return err
	}
	uri := "https://" + os.Getenv("CERTWRIGHT_VAULT_NAME") + "." + env.KeyVaultDNSSuffix
	if want := os.Getenv("AZURE_KEYVAULT_URL"); uri != want {
		return fmt.Errorf("the vault is at %s by the file, and at %s", uri, want)
	}
	token, err := adal.NewServicePrincipalTokenFromManagedIdentity(env.ResourceIdentifiers.KeyVault, nil)
	if err != nil {
		return err
	}
	if err := token.RefreshWithContext(ctx); err != nil {
		return fmt.Errorf("a token: %w", err)
	}
	client := keyvault.New()
	client.Authorizer = autorest.NewBearerAuthorizer(token)
	return resources(ctx, client, uri)
}
