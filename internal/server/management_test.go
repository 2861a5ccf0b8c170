package server

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"certwright/internal/config"
	"certwright/internal/must"
)

// The vault door has the management plane, the side door has not; a vault is
// listed once it holds something, with the settings of its own.
func TestManagementPlane(t *testing.T) {
	t.Parallel()
	s, err := Start(t.Context(), config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: filepath.Join(t.TempDir(), "data"),
		Vaults: []config.Vault{{Name: "Set", SoftDeleteDays: 7}}}, Options{})
	must.Do(t, err)
	t.Cleanup(func() { stop(t, s) })
	c := client(t, s)
	token := []string{"Authorization", "Bearer x"}
	list := func() (found []string) {
		t.Helper()
		got := ask(t, c, "GET", s.Ready.IPURL+"/subscriptions/s/providers/Microsoft.KeyVault/vaults?api-version=2023-07-01", "", token...)
		var page struct {
			Value []struct {
				Name       string
				Properties struct{ SoftDeleteRetentionInDays int }
			}
		}
		if err := json.Unmarshal([]byte(got.body), &page); err != nil || got.status != 200 {
			t.Fatalf("%d %s (%v)", got.status, got.body, err)
		}
		for _, v := range page.Value {
			if days := v.Properties.SoftDeleteRetentionInDays; (days == 7) != (v.Name == "set") {
				t.Errorf("%s keeps for %d days", v.Name, days)
			}
			found = append(found, v.Name)
		}
		return found
	}
	if got := list(); len(got) != 2 || got[0] != "default" || got[1] != "set" {
		t.Errorf("at first: %v", got)
	}
	ask(t, c, "PUT", s.Ready.IPURL+"/secrets/a?api-version=7.4", `{"value":"v"}`, append([]string{"Host", "web.vault.localhost"}, token...)...)
	if got := list(); len(got) != 3 || got[2] != "web" {
		t.Errorf("with a secret in web: %v", got)
	}
	for _, path := range []string{"/subscriptions", "/tenants", "/subscriptions/s/resources"} {
		if got := ask(t, c, "GET", s.Ready.IPURL+path, ""); got.status != 401 {
			t.Errorf("%s without a token: %d", path, got.status)
		}
		if got := ask(t, c, "GET", s.Ready.HTTPURL+path, "", token...); got.status != 404 {
			t.Errorf("%s at the side door: %d", path, got.status)
		}
	}
	if got := ask(t, c, "GET", s.Ready.IPURL+"/metadata/endpoints?api-version=2022-09-01", ""); got.status != 200 {
		t.Errorf("the cloud: %d %s", got.status, got.body)
	}
}
