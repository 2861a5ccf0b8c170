package clientenv

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"certwright/internal/files"
)

// A stack is a cloud as go-autorest reads it from a file. Its services are all
// said to be here, so that nothing goes to a real cloud by mistake.
type stack struct {
	Name              string            `json:"name"`
	Management        string            `json:"serviceManagementEndpoint"`
	ResourceManager   string            `json:"resourceManagerEndpoint"`
	ActiveDirectory   string            `json:"activeDirectoryEndpoint"`
	Graph             string            `json:"graphEndpoint"`
	MicrosoftGraph    string            `json:"microsoftGraphEndpoint"`
	KeyVault          string            `json:"keyVaultEndpoint"`
	HSM               string            `json:"managedHSMEndpoint"`
	KeyVaultSuffix    string            `json:"keyVaultDNSSuffix"`
	HSMSuffix         string            `json:"managedHSMDNSSuffix"`
	StorageSuffix     string            `json:"storageEndpointSuffix"`
	RegistrySuffix    string            `json:"containerRegistryDNSSuffix"`
	TokenAudience     string            `json:"tokenAudience"`
	ResourceAudiences map[string]string `json:"resourceIdentifiers"`
}

// writeStack writes the cloud with what follows the names of its vaults.
func (r Ready) writeStack(suffix string) error {
	at, vaults := r.IPURL+"/", "https://"+suffix
	text, err := json.MarshalIndent(stack{
		Name: "AzureStackCloud", Management: at, ResourceManager: at, ActiveDirectory: at, Graph: at, MicrosoftGraph: at,
		KeyVault: vaults + "/", HSM: vaults + "/", KeyVaultSuffix: suffix, HSMSuffix: suffix,
		StorageSuffix: "core." + suffix, RegistrySuffix: "azurecr." + suffix, TokenAudience: r.IPURL + "/arm",
		ResourceAudiences: map[string]string{"keyVault": vaults, "managedHSM": vaults, "graph": at, "microsoftGraph": at, "storage": at},
	}, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", StackFile, err)
	}
	return files.Replace(r.stackFile(), append(text, '\n'), 0o600)
}

func (r Ready) stackFile() string { return filepath.Join(r.Data, StackFile) }
