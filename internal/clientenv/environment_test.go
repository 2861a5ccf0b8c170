package clientenv

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

var here = Ready{
	VaultURL: "https://default.vault.localhost:8443", IPURL: "https://127.0.0.1:8443", HTTPURL: "http://127.0.0.1:8080",
	CAFile: "/d/ca.pem", Data: "/d",
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	none := func(string) string { return "" }
	got := Apply(here.Environment("https://web.vault.localhost:8443", none), []string{"PATH=/bin", "AZURE_CLIENT_ID=x", "MSI_ENDPOINT=y", "MSI_SECRET=y", "AZURE_KEYVAULT_URL=z", "odd"})
	want := []string{
		"PATH=/bin",
		"odd",
		"AZURE_KEYVAULT_URL=https://web.vault.localhost:8443",
		"KEYVAULT_URL=https://web.vault.localhost:8443",
		"VAULT_URL=https://web.vault.localhost:8443",
		"CERTWRIGHT_VAULT_NAME=web",
		"CERTWRIGHT_HTTP_URL=http://127.0.0.1:8080",
		"IDENTITY_ENDPOINT=http://127.0.0.1:8080/msi/token",
		"IDENTITY_HEADER=certwright",
		"MSI_ENDPOINT=http://127.0.0.1:8080/msi/token",
		"AZURE_CONFIG_DIR=/d/azure",
		"AZURE_ENVIRONMENT_FILEPATH=/d/azure-stack-cloud.json",
		"SSL_CERT_FILE=/d/ca-bundle.pem",
		"REQUESTS_CA_BUNDLE=/d/ca-bundle.pem",
		"CURL_CA_BUNDLE=/d/ca-bundle.pem",
		"NODE_EXTRA_CA_CERTS=/d/ca.pem",
		"JAVA_TOOL_OPTIONS=-Djavax.net.ssl.trustStore=/d/truststore.p12 -Djavax.net.ssl.trustStorePassword=changeit -Djavax.net.ssl.trustStoreType=PKCS12 " +
			"-Djavax.net.ssl.keyStore=/d/truststore.p12 -Djavax.net.ssl.keyStorePassword=changeit -Djavax.net.ssl.keyStoreType=PKCS12",
		"NO_PROXY=localhost,127.0.0.1,::1,.localhost",
		"no_proxy=localhost,127.0.0.1,::1,.localhost",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNoProxy(t *testing.T) {
	t.Parallel()
	far := Ready{IPURL: "https://10.0.0.5:8443", HTTPURL: "http://10.0.0.5:8080"}
	for _, c := range []struct {
		upper, lower string
		at           Ready
		want         string
	}{
		{"", "", here, "localhost,127.0.0.1,::1,.localhost"},
		{"corp.example, localhost", "corp.example,10.0.0.0/8", here, "corp.example,localhost,10.0.0.0/8,127.0.0.1,::1,.localhost"},
		{"*", "", here, "*"},
		{"", "", far, "localhost,127.0.0.1,::1,.localhost,10.0.0.5"},
	} {
		if got := joinProxies(c.upper, c.lower, c.at); got != c.want {
			t.Errorf("%q and %q: %s, want %s", c.upper, c.lower, got, c.want)
		}
	}
}

func TestReadyNames(t *testing.T) {
	t.Parallel()
	if got := here.VaultURLOf("web"); got != "https://web.vault.localhost:8443" {
		t.Error(got)
	}
	if got := here.HostsLine("web"); got != "127.0.0.1 web.vault.localhost" {
		t.Error(got)
	}
	for want, at := range map[string]string{"https://web.vault.example.org": "https://192.0.2.1:443", "https://web.vault.example.org:8443": "https://192.0.2.1:8443"} {
		if got := (Ready{IPURL: at, VaultHosts: "*.vault.example.org"}).VaultURLOf("web"); got != want {
			t.Errorf("of a production server at %s: %s, want %s", at, got, want)
		}
	}
	if got := (Ready{}).VaultURLOf("web") + (Ready{IPURL: "::"}).VaultURLOf("web"); got != "https://web.vault.localhosthttps://web.vault.localhost" {
		t.Error(got)
	}
	six := Ready{IPURL: "https://[::1]:8443"}
	if got := six.HostsLine("web") + " " + six.VaultURLOf("web"); got != "::1 web.vault.localhost https://web.vault.localhost:8443" {
		t.Error(got)
	}
}

func TestResolves(t *testing.T) {
	t.Parallel()
	if !here.Resolves(t.Context(), "https://localhost:8443") {
		t.Error("localhost does not lead to 127.0.0.1")
	}
	for _, url := range []string{"https://10.0.0.5:8443", "https://no-such-name.invalid:8443", "::"} {
		if here.Resolves(t.Context(), url) {
			t.Errorf("%s leads to this server", url)
		}
	}
}
