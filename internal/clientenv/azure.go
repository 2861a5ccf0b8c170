package clientenv

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"certwright/internal/arm"
	"certwright/internal/files"
)

// What Azure's own tools read from the data folder.
const (
	AzureFolder = "azure"                  // AZURE_CONFIG_DIR of Azure CLI: an account that needs no login
	StackFile   = "azure-stack-cloud.json" // AZURE_ENVIRONMENT_FILEPATH of go-autorest, for programs that are told AzureStackCloud
)

// The files of Azure CLI's folder.
const (
	azureConfig  = "config"
	azureClouds  = "clouds.config"
	azureProfile = "azureProfile.json"
)

// WriteAzure writes the files of Azure's tools anew. What those tools had kept
// in theirs is gone: the server may be at another address now.
func (r Ready) WriteAzure(tenant string) error {
	if err := os.MkdirAll(r.azure(), 0o700); err != nil {
		return fmt.Errorf("make the folder of Azure CLI: %w", err)
	}
	account, err := json.Marshal(azureAccounts(tenant))
	if err != nil {
		return fmt.Errorf("write %s: %w", azureProfile, err)
	}
	suffix := r.suffix(r.VaultURL)
	return together(
		func() error {
			return files.Replace(r.azure(azureConfig), []byte("[cloud]\nname = AzureCloud\n\n[core]\ncollect_telemetry = no\n"), 0o600)
		},
		func() error { return files.Replace(r.azure(azureProfile), append(account, '\n'), 0o600) },
		func() error { return files.Replace(r.azure(azureClouds), []byte(r.azureCloud(suffix, tenant)), 0o600) },
		func() error { return r.writeStack(suffix) },
	)
}

// together writes files at once: most of the time goes to waiting for the disk.
func together(writes ...func() error) error {
	var all sync.WaitGroup
	errs := make([]error, len(writes))
	for i, write := range writes {
		all.Go(func() { errs[i] = write() })
	}
	all.Wait()
	return errors.Join(errs...)
}

// PointAzure makes Azure's tools join a vault's name to an address in the way
// that vaultURL shows: default and .vault.localhost:8443, or 127 and
// .0.0.1:8443 where names do not lead here. All else that the tools keep stays.
func (r Ready) PointAzure(vaultURL string) error {
	suffix := r.suffix(vaultURL)
	was, err := os.ReadFile(r.azure(azureClouds))
	if err != nil {
		return fmt.Errorf("read the folder of Azure CLI: %w", err)
	}
	text := withSuffix(string(was), suffix)
	if text == string(was) {
		return nil
	}
	return errors.Join(files.Replace(r.azure(azureClouds), []byte(text), 0o600), r.writeStack(suffix))
}

// withSuffix changes what follows the names of vaults in the cloud that is ours.
func withSuffix(clouds, suffix string) string {
	lines := strings.SplitAfter(clouds, "\n")
	section := ""
	for i, line := range lines {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = line
		}
		name, _, _ := strings.Cut(line, " = ")
		if section == azureSection && (name == vaultSuffix || name == hsmSuffix) {
			lines[i] = name + " = ." + suffix + "\n"
		}
	}
	return strings.Join(lines, "")
}

// AzureVault returns the name that Azure's tools call the vault at vaultURL by:
// "127" where an address is all there is.
func AzureVault(vaultURL string) string {
	name, _, _ := strings.Cut(hostOf(vaultURL), ".")
	return name
}

// suffix returns what follows the first label of a vault's host, port kept. An
// IPv6 address has none; names are all there is then.
func (r Ready) suffix(vaultURL string) string {
	u, err := url.Parse(vaultURL)
	if err != nil {
		return ""
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil && addr.Is6() {
		return r.suffix(r.VaultURLOf("x"))
	}
	_, suffix, _ := strings.Cut(u.Host, ".")
	return suffix
}

func (r Ready) azure(name ...string) string {
	return filepath.Join(append([]string{r.Data, AzureFolder}, name...)...)
}

// The section of clouds.config that is ours, and its lines that PointAzure changes.
const (
	azureSection = "[AzureCloud]"
	vaultSuffix  = "suffix_keyvault_dns"
	hsmSuffix    = "suffix_mhsm_dns"
)

// azureCloud changes the cloud that Azure CLI takes if nobody says another, so
// that nothing of it goes to the real one.
func (r Ready) azureCloud(suffix, tenant string) string {
	login := r.IPURL
	if strings.EqualFold(tenant, "adfs") {
		login += "/adfs" // its end tells the tool that it is one
	}
	lines := []string{
		azureSection,
		vaultSuffix + " = ." + suffix,
		hsmSuffix + " = ." + suffix,
		"endpoint_resource_manager = " + r.IPURL,
		"endpoint_management = " + r.IPURL + "/arm",
		"endpoint_active_directory = " + login,
		"endpoint_active_directory_resource_id = " + r.IPURL + "/arm",
		"endpoint_active_directory_graph_resource_id = " + r.IPURL + "/",
		"endpoint_microsoft_graph_resource_id = " + r.IPURL + "/",
		"subscription = " + arm.Subscription,
	}
	return strings.Join(lines, "\n") + "\n"
}

// An azureUser of this kind makes Azure CLI ask IDENTITY_ENDPOINT for tokens.
type azureUser struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Identity string `json:"assignedIdentityInfo"`
}

type azureAccount struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	State       string    `json:"state"`
	User        azureUser `json:"user"`
	Default     bool      `json:"isDefault"`
	Tenant      string    `json:"tenantId"`
	Environment string    `json:"environmentName"`
}

type azureAccountList struct {
	Subscriptions []azureAccount `json:"subscriptions"`
}

func azureAccounts(tenant string) azureAccountList {
	return azureAccountList{[]azureAccount{{
		ID: arm.Subscription, Name: "certwright", State: "Enabled", Default: true, Tenant: tenant, Environment: "AzureCloud",
		User: azureUser{Name: "systemAssignedIdentity", Type: "servicePrincipal", Identity: "MSI"},
	}}}
}
