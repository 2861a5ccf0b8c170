package server

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
// a credential elsewhere (CLIENTS section 4).
var leftovers = []string{
	"AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID", "AZURE_CLIENT_CERTIFICATE_PATH",
	"AZURE_USERNAME", "AZURE_PASSWORD", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST",
	"AZURE_POD_IDENTITY_AUTHORITY_HOST", "AZURE_TOKEN_CREDENTIALS",
	"MSI_ENDPOINT", "MSI_SECRET", "IMDS_ENDPOINT", "IDENTITY_SERVER_THUMBPRINT",
}

// noProxy keeps local calls out of a proxy: JavaScript sends even those there.
var noProxy = []string{"localhost", "127.0.0.1", "::1", ".localhost"}

// Environment returns the variables with which unmodified clients find the
// vault at vaultURL, trust it and get a token (CLIENTS sections 3 and 4).
// lookup tells what is set now: what is there of JAVA_TOOL_OPTIONS and
// NO_PROXY is kept.
func (r Ready) Environment(vaultURL string, lookup func(name string) string) []Variable {
	bundle := filepath.Join(r.Data, trust.BundleFile)
	proxies := joinProxies(lookup("NO_PROXY"), lookup("no_proxy"), r)
	vars := []Variable{
		{Name: "AZURE_KEYVAULT_URL", Value: vaultURL},
		{Name: "KEYVAULT_URL", Value: vaultURL},
		{Name: "VAULT_URL", Value: vaultURL},
		{Name: "CERTWRIGHT_HTTP_URL", Value: r.HTTPURL}, // for tests that move the clock
		{Name: "IDENTITY_ENDPOINT", Value: r.HTTPURL + "/msi/token"},
		{Name: "IDENTITY_HEADER", Value: "certwright"},
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

// javaOptions adds our truststore to the options there are, in place of one
// that is named there.
func javaOptions(now, truststore string) string {
	var kept []string
	for _, o := range splitOptions(now) {
		if !strings.HasPrefix(o, "-Djavax.net.ssl.trustStore") {
			kept = append(kept, o)
		}
	}
	return strings.Join(append(kept, "-Djavax.net.ssl.trustStore="+javaQuote(truststore),
		"-Djavax.net.ssl.trustStorePassword="+trust.TruststorePassword, "-Djavax.net.ssl.trustStoreType=PKCS12"), " ")
}

// javaSpaces is where Java splits the variable.
const javaSpaces = " \t\n\v\f\r"

// javaQuote quotes what Java would split or take for quotes. It knows both
// kinds of quotes and no way to escape one, so a double quote stands in single
// ones and all else in double ones.
func javaQuote(s string) string {
	if !strings.ContainsAny(s, javaSpaces+`"'`) {
		return s
	}
	parts := strings.Split(s, `"`)
	for i, p := range parts {
		if p != "" {
			parts[i] = `"` + p + `"`
		}
	}
	return strings.Join(parts, `'"'`)
}

// splitOptions splits at spaces outside quotes, as Java does with this
// variable, and leaves the quotes in.
func splitOptions(s string) (options []string) {
	var quote rune
	start := -1
	for i, c := range s {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case strings.ContainsRune(javaSpaces, c):
			if start >= 0 {
				options = append(options, s[start:i])
			}
			start = -1
			continue
		}
		if start < 0 {
			start = i
		}
	}
	if start >= 0 {
		options = append(options, s[start:])
	}
	return options
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
