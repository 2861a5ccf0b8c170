package clientenv

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/must"

	"github.com/google/go-cmp/cmp"
)

// azureIn is a server in a folder of its own with the files of Azure's tools.
func azureIn(t *testing.T, tenant string) Ready {
	t.Helper()
	r := here
	r.Data = t.TempDir()
	must.Do(t, r.WriteAzure(tenant))
	return r
}

func readFile(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	must.Do(t, err)
	return string(text)
}

// The account is one that asks IDENTITY_ENDPOINT, in the cloud that Azure CLI
// takes when nobody says another.
func TestAzureFolder(t *testing.T) {
	t.Parallel()
	r := azureIn(t, "adfs")
	var profile any
	must.Do(t, json.Unmarshal([]byte(readFile(t, r.Data, "azure", "azureProfile.json")), &profile))
	want := map[string]any{"subscriptions": []any{map[string]any{
		"id": "00000000-0000-0000-0000-000000000001", "name": "certwright", "state": "Enabled", "isDefault": true, "tenantId": "adfs", "environmentName": "AzureCloud",
		"user": map[string]any{"name": "systemAssignedIdentity", "type": "servicePrincipal", "assignedIdentityInfo": "MSI"},
	}}}
	if diff := cmp.Diff(want, profile); diff != "" {
		t.Errorf("azureProfile.json (-want +got):\n%s", diff)
	}
	if got := readFile(t, r.Data, "azure", "config"); got != "[cloud]\nname = AzureCloud\n\n[core]\ncollect_telemetry = no\n" {
		t.Errorf("config: %s", got)
	}
	const clouds = `[AzureCloud]
suffix_keyvault_dns = .vault.localhost:8443
suffix_mhsm_dns = .vault.localhost:8443
endpoint_resource_manager = https://127.0.0.1:8443
endpoint_management = https://127.0.0.1:8443/arm
endpoint_active_directory = https://127.0.0.1:8443/adfs
endpoint_active_directory_resource_id = https://127.0.0.1:8443/arm
endpoint_active_directory_graph_resource_id = https://127.0.0.1:8443/
endpoint_microsoft_graph_resource_id = https://127.0.0.1:8443/
subscription = 00000000-0000-0000-0000-000000000001
`
	if diff := cmp.Diff(clouds, readFile(t, r.Data, "azure", "clouds.config")); diff != "" {
		t.Errorf("clouds.config (-want +got):\n%s", diff)
	}
	other := azureIn(t, "11111111-2222-3333-4444-555555555555")
	if got := readFile(t, other.Data, "azure", "clouds.config"); !strings.Contains(got, "endpoint_active_directory = https://127.0.0.1:8443\n") {
		t.Errorf("of another tenant: %s", got)
	}
	for _, path := range []string{"azure", "azure/config", "azure/clouds.config", "azure/azureProfile.json", StackFile} {
		info, err := os.Stat(filepath.Join(r.Data, path))
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

// Names and addresses take turns, in both files, and what the tools keep in
// theirs stays.
func TestPointAzure(t *testing.T) {
	t.Parallel()
	r := azureIn(t, "adfs")
	const own = "\n[mine]\nsuffix_keyvault_dns = .vault.azure.net\n"
	path := filepath.Join(r.Data, "azure", "clouds.config")
	must.Do(t, os.WriteFile(path, []byte(readFile(t, path)+own), 0o600))
	byName := readFile(t, path)
	for _, c := range []struct{ url, suffix string }{
		{"https://127.0.0.1:8443", "0.0.1:8443"},
		{"https://127.0.0.1:8443", "0.0.1:8443"},
		{"https://web.vault.azure.net", "vault.azure.net"},
		{"https://web.vault.localhost:8443", "vault.localhost:8443"},
	} {
		must.Do(t, r.PointAzure(c.url))
		if got, want := readFile(t, path), strings.ReplaceAll(byName, "dns = .vault.localhost:8443\n", "dns = ."+c.suffix+"\n"); got != want {
			t.Errorf("%s: %s", c.url, got)
		}
		var s stack
		must.Do(t, json.Unmarshal([]byte(readFile(t, r.Data, StackFile)), &s))
		if s.KeyVaultSuffix != c.suffix || s.KeyVault != "https://"+c.suffix+"/" || s.ResourceAudiences["keyVault"] != "https://"+c.suffix || s.Name != "AzureStackCloud" || s.ActiveDirectory != "https://127.0.0.1:8443/" {
			t.Errorf("%s: %+v", c.url, s)
		}
	}
	must.Do(t, os.Remove(path))
	if err := r.PointAzure(r.IPURL); err == nil {
		t.Error("a folder without clouds is no error")
	}
}

func TestAzureVault(t *testing.T) {
	t.Parallel()
	six := Ready{VaultURL: "https://default.vault.localhost:8443", IPURL: "https://[::1]:8443"}
	for url, want := range map[string][2]string{
		"https://127.0.0.1:8443":           {"127", "0.0.1:8443"},
		"https://10.20.30.40":              {"10", "20.30.40"},
		"https://web.vault.localhost:8443": {"web", "vault.localhost:8443"},
	} {
		if got := [2]string{AzureVault(url), here.suffix(url)}; got != want {
			t.Errorf("%s: %v, want %v", url, got, want)
		}
	}
	if got := six.suffix(six.IPURL); got != "vault.localhost:8443" {
		t.Errorf("behind an IPv6 address: %s", got)
	}
}
