package clientenv

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"

	"certwright/internal/trust"
)

// A Variable is one of the environment that points clients at a server.
type Variable struct {
	Name  string
	Value string
	Unset bool // the variable must not be there
}

// leftovers are variables that would win over ours, or send an SDK's search for
// a credential elsewhere.
var leftovers = []string{
	"AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID", "AZURE_CLIENT_CERTIFICATE_PATH",
	"AZURE_USERNAME", "AZURE_PASSWORD", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST",
	"AZURE_POD_IDENTITY_AUTHORITY_HOST", "AZURE_TOKEN_CREDENTIALS", "AZURE_CLOUD_NAME", "ARM_CLOUD_METADATA_URL",
	"MSI_SECRET", "IMDS_ENDPOINT", "IDENTITY_SERVER_THUMBPRINT",
}

// vaultName is the variable with the name that az --vault-name wants.
const vaultName = "CERTWRIGHT_VAULT_NAME"

// noProxy keeps local calls out of a proxy: JavaScript sends even those there.
var noProxy = []string{"localhost", "127.0.0.1", "::1", ".localhost"}

// Environment returns the variables with which unmodified clients find the
// vault at vaultURL, trust it and get a token. SDKs ask IDENTITY_ENDPOINT;
// go-autorest knows MSI_ENDPOINT alone, and without it asks the machine's own
// metadata service, which in a cloud hands out the real identity's token.
// lookup tells what is set now: what is there of JAVA_TOOL_OPTIONS and
// NO_PROXY is kept.
func (r Ready) Environment(vaultURL string, lookup func(name string) string) []Variable {
	bundle := filepath.Join(r.Data, trust.BundleFile)
	tokens := r.HTTPURL + "/msi/token"
	proxies := joinProxies(lookup("NO_PROXY"), lookup("no_proxy"), r)
	vars := []Variable{
		{Name: "AZURE_KEYVAULT_URL", Value: vaultURL},
		{Name: "KEYVAULT_URL", Value: vaultURL},
		{Name: "VAULT_URL", Value: vaultURL},
		{Name: vaultName, Value: AzureVault(vaultURL)},
		{Name: "CERTWRIGHT_HTTP_URL", Value: r.HTTPURL}, // for tests that move the clock
		{Name: "IDENTITY_ENDPOINT", Value: tokens},
		{Name: "IDENTITY_HEADER", Value: "certwright"},
		{Name: "MSI_ENDPOINT", Value: tokens},
		{Name: "AZURE_CONFIG_DIR", Value: r.azure()},
		{Name: "AZURE_ENVIRONMENT_FILEPATH", Value: r.stackFile()},
		{Name: "SSL_CERT_FILE", Value: bundle},
		{Name: "REQUESTS_CA_BUNDLE", Value: bundle},
		{Name: "CURL_CA_BUNDLE", Value: bundle},
		{Name: "NODE_EXTRA_CA_CERTS", Value: r.CAFile},
		{Name: "JAVA_TOOL_OPTIONS", Value: javaOptions(lookup("JAVA_TOOL_OPTIONS"), filepath.Join(r.Data, trust.TruststoreFile))},
		{Name: "NO_PROXY", Value: proxies},
		{Name: "no_proxy", Value: proxies},
	}
	for _, name := range leftovers {
		vars = append(vars, Variable{Name: name, Unset: true})
	}
	return vars
}

// Apply returns a whole environment, of NAME=value, with the variables in place.
func Apply(vars []Variable, environment []string) []string {
	ours := map[string]bool{}
	var set []string
	for _, v := range vars {
		ours[v.Name] = true
		if !v.Unset {
			set = append(set, v.Name+"="+v.Value)
		}
	}
	var kept []string
	for _, e := range environment {
		if name, _, _ := strings.Cut(e, "="); !ours[name] {
			kept = append(kept, e)
		}
	}
	return append(kept, set...)
}

// joinProxies adds our names to the exceptions there are, each once. "*" says
// it all already.
func joinProxies(upper, lower string, r Ready) string {
	seen := map[string]bool{}
	var all []string
	for _, part := range append(strings.Split(upper+","+lower, ","), append(noProxy, hostOf(r.IPURL), hostOf(r.HTTPURL))...) {
		part = strings.TrimSpace(part)
		if part == "*" {
			return "*"
		}
		if part != "" && !seen[part] {
			seen[part] = true
			all = append(all, part)
		}
	}
	return strings.Join(all, ",")
}

func hostOf(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// Resolves reports whether the host of a vault's URL leads to this server, as
// far as Go's resolver can tell before ctx ends.
func (r Ready) Resolves(ctx context.Context, vaultURL string) bool {
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", hostOf(vaultURL))
	if err != nil {
		return false
	}
	own, err := netip.ParseAddr(hostOf(r.IPURL))
	if err != nil {
		return false
	}
	for _, a := range addrs {
		if a = a.Unmap(); a == own {
			return true
		}
	}
	return false
}
