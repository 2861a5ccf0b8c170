package reach

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/authority"
	"certwright/internal/client"
	"certwright/internal/client/signin"
	"certwright/internal/clientenv"
	"certwright/internal/files"
	"certwright/internal/must"
)

// here is a server that runs on this machine, as far as it says.
func here(t *testing.T, production bool) *client.Client {
	t.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	must.Do(t, files.Replace(ca, authority.PEM(server.Certificate().Raw), 0o644))
	r := clientenv.Ready{VaultURL: "https://default.vault.localhost:8443", IPURL: "https://127.0.0.1:8443", HTTPURL: "http://127.0.0.1:1", CAFile: ca, Production: production}
	return client.New(r)
}

func TestWhichVault(t *testing.T) {
	t.Parallel()
	one := here(t, false)
	none := &client.Error{Message: "no"}
	for _, c := range []struct {
		what  string
		o     Options
		set   string
		found error // by Find; nil: one
		want  string
		here  bool
	}{
		{"nothing said", Options{}, "", nil, "https://default.vault.localhost:8443", true},
		{"a name", Options{Vault: "Web"}, "", nil, "https://web.vault.localhost:8443", true},
		{"the variable", Options{}, "https://127.0.0.1:8443/", nil, "https://127.0.0.1:8443", true},
		{"the variable elsewhere", Options{}, "https://web.vault.azure.net/", nil, "https://web.vault.azure.net", false},
		{"a folder counts more", Options{Here: true}, "https://web.vault.azure.net/", nil, "https://default.vault.localhost:8443", true},
		{"an address", Options{Vault: "https://web.vault.azure.net"}, "https://127.0.0.1:8443", nil, "https://web.vault.azure.net", false},
		{"an address of the server here", Options{Vault: "https://web.vault.localhost:8443"}, "", nil, "https://web.vault.localhost:8443", true},
		{"the same on another port", Options{Vault: "https://web.vault.localhost:9443"}, "", nil, "https://web.vault.localhost:9443", false},
		{"a name like it", Options{Vault: "https://web.evilvault.localhost:8443"}, "", nil, "https://web.evilvault.localhost:8443", false},
		{"an address, several servers", Options{Vault: "https://web.vault.azure.net"}, "", errors.New("12 servers run: say which"), "https://web.vault.azure.net", false},
		{"several servers", Options{}, "", errors.New("12 servers run: say which"), "", false},
		{"an address, no server", Options{Vault: "https://web.vault.azure.net"}, "", none, "https://web.vault.azure.net", false},
		{"no name", Options{Vault: "a_b"}, "", nil, "", false},
	} {
		c.o.Getenv = func(name string) string {
			if name == "AZURE_KEYVAULT_URL" {
				return c.set
			}
			return ""
		}
		c.o.Find = func(context.Context) (*client.Client, error) {
			if c.found != nil {
				return nil, c.found
			}
			return one, nil
		}
		v, err := To(t.Context(), c.o)
		if err != nil {
			if c.want != "" {
				t.Errorf("%s: %v", c.what, err)
			}
			continue
		}
		if got := v.Client.Vault.String(); got != c.want || (v.Server != nil) != c.here {
			t.Errorf("%s: %s, here %v", c.what, got, v.Server != nil)
		}
	}
}

// What a caller names counts more than what the environment has, and a
// development server that runs here needs nothing.
func TestWhoAsks(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	must.Do(t, os.WriteFile(secret, []byte("word\n"), 0o600))
	for _, c := range []struct {
		what string
		o    Options
		env  string
		at   *client.Client
		want func(signin.Source) bool
	}{
		{"a token", Options{ClientID: "me", SecretFile: secret}, "CERTWRIGHT_TOKEN=tok", nil, func(s signin.Source) bool { return s == signin.Fixed("tok") }},
		{"a secret's file", Options{ClientID: "me", SecretFile: secret}, "AZURE_CLIENT_SECRET=other", nil, func(s signin.Source) bool {
			c, ok := s.(signin.Client)
			return ok && c.ID == "me" && c.Secret.Reveal() == "word"
		}},
		{"a secret", Options{ClientID: "me", Tenant: "t"}, "AZURE_CLIENT_SECRET=other", here(t, false), func(s signin.Source) bool {
			c, ok := s.(signin.Client)
			return ok && c.Secret.Reveal() == "other" && c.Tenant == "t"
		}},
		{"a workload", Options{ClientID: "me"}, "AZURE_FEDERATED_TOKEN_FILE=" + secret, nil, func(s signin.Source) bool {
			c, ok := s.(signin.Client)
			text, err := c.Bear()
			return ok && err == nil && strings.TrimSpace(text.Reveal()) == "word"
		}},
		{"a development server", Options{}, "IDENTITY_ENDPOINT=http://x", here(t, false), func(s signin.Source) bool { _, ok := s.(signin.Fixed); return ok }},
		{"a managed identity", Options{}, "IDENTITY_ENDPOINT=http://x", here(t, true), func(s signin.Source) bool { m, ok := s.(signin.Managed); return ok && m.Endpoint == "http://x" }},
		{"nothing", Options{Tenant: "t"}, "", nil, func(s signin.Source) bool { return s == signin.AzureCLI{Tenant: "t"} }},
	} {
		c.o.Getenv = func(name string) string {
			if has, value, _ := strings.Cut(c.env, "="); has == name {
				return value
			}
			return ""
		}
		s, err := c.o.proof(c.at, http.DefaultClient)
		if err != nil || !c.want(s) {
			t.Errorf("%s: %#v, %v", c.what, s, err)
		}
	}
	if _, err := (Options{SecretFile: secret, Getenv: func(string) string { return "" }}).proof(nil, nil); !errors.Is(err, ErrNoClient) {
		t.Errorf("a secret of nobody: %v", err)
	}
}
