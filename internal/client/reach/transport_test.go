package reach

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/authority"
	"certwright/internal/client"
	"certwright/internal/clientenv"
	"certwright/internal/files"
	"certwright/internal/must"
)

// A server that runs here is found by every name of its vaults, whatever DNS
// says, and its authority is trusted beside the one that is named; nobody else is.
func TestNamesLeadHere(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Host, "example.com") || r.Header.Get("Authorization") == "" {
			w.Header().Set("WWW-Authenticate", `Bearer authorization="https://`+r.Host+`/adfs", resource="https://`+r.Host+`"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte("{}"))
	}))
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	must.Do(t, files.Replace(ca, authority.PEM(server.Certificate().Raw), 0o644))
	port := server.URL[strings.LastIndex(server.URL, ":"):]
	r := clientenv.Ready{VaultURL: "https://example.com" + port, IPURL: server.URL, HTTPURL: "http://127.0.0.1:1", CAFile: ca, VaultHosts: "*.com"}
	found := func(context.Context) (*client.Client, error) { return client.New(r), nil }
	nothing := func(string) string { return "" }
	v, err := To(t.Context(), Options{Getenv: nothing, Find: found, Vault: "example"})
	must.Do(t, err)
	if _, err := v.Certificates().Get(t.Context(), "web", ""); err != nil {
		t.Errorf("a name that DNS leads elsewhere: %v", err)
	}
	if v.Name() != "example" {
		t.Errorf("its name is %q", v.Name())
	}
	alone := Options{Getenv: nothing, Vault: server.URL, Find: func(context.Context) (*client.Client, error) { return nil, &client.Error{Message: "none"} }}
	v, err = To(t.Context(), alone)
	must.Do(t, err)
	if _, err := v.Certificates().Get(t.Context(), "web", ""); err == nil || !strings.Contains(err.Error(), "--ca-file") {
		t.Errorf("whom nobody named is trusted: %v", err)
	}
	must.Do(t, os.WriteFile(ca, []byte("nothing"), 0o600))
	alone.CAFile = ca
	if _, err := To(t.Context(), alone); err == nil || !strings.Contains(err.Error(), "holds no certificate in PEM") {
		t.Errorf("a file without a certificate: %v", err)
	}
}
