package server

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/must"
)

// A start writes what the server is now over what an earlier one left.
func TestAzureFolderOfAServer(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := startIn(t, data, Options{})
	stop(t, s)
	left := filepath.Join(data, "azure", "clouds.config")
	must.Do(t, os.WriteFile(left, []byte("[other]\n"), 0o600))
	s = startIn(t, data, Options{})
	defer stop(t, s)
	if got := readText(t, left); !strings.Contains(got, "endpoint_resource_manager = "+s.Ready.IPURL+"\n") || strings.Contains(got, "other") {
		t.Errorf("after a restart: %s", got)
	}
	// the login endpoint and the tenant there lead to a discovery document, as az joins them
	c := client(t, s)
	if got := ask(t, c, http.MethodGet, s.Ready.IPURL+"/adfs/adfs/v2.0/.well-known/openid-configuration", ""); got.status != 200 || !strings.Contains(got.body, s.Ready.IPURL+`/adfs"`) {
		t.Errorf("discovery: %d %s", got.status, got.body)
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	must.Do(t, err)
	return string(text)
}
