package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/hashicorp/go-azure-helpers/resourcemanager/commonids"
	"github.com/hashicorp/go-azure-sdk/resource-manager/keyvault/2026-02-01/vaults"
	armresources "github.com/hashicorp/go-azure-sdk/resource-manager/resources/2015-11-01/resources"
	"github.com/hashicorp/go-azure-sdk/sdk/auth"
	"github.com/hashicorp/go-azure-sdk/sdk/environments"
)

// A plane is the management plane with the two clients that vaults need.
type plane struct {
	vaults    *vaults.VaultsClient
	resources *armresources.ResourcesClient
}

func openPlane(ctx context.Context, env *environments.Environment, login auth.Credentials) (p plane, err error) {
	authorizer, err := auth.NewAuthorizerFromCredentials(ctx, login, env.ResourceManager)
	if err != nil {
		return p, err
	}
	if p.vaults, err = vaults.NewVaultsClientWithBaseURI(env.ResourceManager); err != nil {
		return p, err
	}
	if p.resources, err = armresources.NewResourcesClientWithBaseURI(env.ResourceManager); err != nil {
		return p, err
	}
	p.vaults.Client.SetAuthorizer(authorizer)
	p.resources.Client.SetAuthorizer(authorizer)
	return p, nil
}

// find is the data source: a vault by name and group.
func (p plane) find(ctx context.Context) (commonids.KeyVaultId, string, error) {
	id := commonids.NewKeyVaultID(subscription, group, vaultName)
	got, err := p.vaults.Get(ctx, id)
	if err != nil {
		return id, "", fmt.Errorf("the vault: %w", err)
	}
	if got.Model == nil || got.Model.Properties.VaultUri == nil || got.Model.Properties.SoftDeleteRetentionInDays == nil {
		return id, "", fmt.Errorf("the vault lacks what the provider reads: %+v", got.Model)
	}
	return id, *got.Model.Properties.VaultUri, nil
}

// findAgain finds the vault's id by its address, as each resource does when it
// is read: by the lists, and only where the address is NAME.vault and more.
func (p plane) findAgain(ctx context.Context, want commonids.KeyVaultId, uri string) error {
	u, err := url.Parse(uri)
	if err != nil {
		return err
	}
	labels := strings.Split(u.Host, ".")
	if len(labels) < 3 || labels[1] != "vault" {
		return fmt.Errorf("the provider takes no vault at %s", uri)
	}
	filter := "resourceType eq 'Microsoft.KeyVault/vaults' and name eq '" + labels[0] + "'"
	found, err := p.resources.ListComplete(ctx, commonids.NewSubscriptionID(subscription), armresources.ListOperationOptions{Filter: &filter})
	if err != nil {
		return fmt.Errorf("list resources: %w", err)
	}
	if len(found.Items) != 1 || found.Items[0].Id == nil || !strings.EqualFold(*found.Items[0].Id, want.ID()) {
		return fmt.Errorf("resources lists %+v, want %s", found.Items, want.ID())
	}
	all, err := p.vaults.ListBySubscriptionComplete(ctx, commonids.NewSubscriptionID(subscription), vaults.DefaultListBySubscriptionOperationOptions())
	if err != nil {
		return fmt.Errorf("list vaults: %w", err)
	}
	for _, v := range all.Items {
		if v.Id != nil && strings.EqualFold(*v.Id, want.ID()) && v.Properties.VaultUri != nil && *v.Properties.VaultUri == uri {
			return nil
		}
	}
	return errors.New("the vault is not in the list of vaults")
}
