package serve_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"certwright/conformance/serve"
	"certwright/internal/auth/authtest"
)

// withEntra is a house whose callers come from a tenant of Entra; those of a
// group may read the secrets of the vault web, and one person may as well.
func withEntra(t *testing.T) (*authtest.Entra, *serve.Server) {
	t.Helper()
	e, h := authtest.ServeEntra(t), serve.New(t)
	h.Nodes["auth"] = fmt.Sprintf("{issuers: [{name: corp, url: %q, also: [%q], audiences: [%s, %s], claims: {preset: entra}}], authority: https://login.microsoftonline.com/%s}",
		e.URL, e.V1, authtest.VaultAudience, authtest.VaultNumber, e.Tenant)
	h.Nodes["access"] = "{assignments: [{role: Key Vault Secrets User, to: {issuer: corp, group: readers}, on: /vaults/web}, {role: Key Vault Secrets User, to: {issuer: corp, subject: oid-ada}, on: /vaults/web}]}"
	return e, h.Start(t)
}

// Tokens of both versions of Entra are of the same callers; where groups were
// left out of one, the refusal says so; the challenge sends clients to Entra.
func TestEntra(t *testing.T) {
	t.Parallel()
	e, s := withEntra(t)
	url := s.Vault("web") + "/secrets"
	want := `Bearer authorization="https://login.microsoftonline.com/` + e.Tenant + `", resource="https://vault.localhost:` + s.Port + `"`
	if got := s.Ask(t, "GET", url, "", ""); got.Status != http.StatusUnauthorized || got.Header.Get("WWW-Authenticate") != want {
		t.Errorf("without a token: %d %s", got.Status, got.Header.Get("WWW-Authenticate"))
	}
	for name, c := range map[string]struct {
		token  string
		status int
		says   string
	}{
		"version 1, by its subject":       {e.AppV1("oid-ada", "app", nil), 200, ""},
		"version 2, by its subject":       {e.UserV2("oid-ada", "app", nil), 200, ""},
		"version 2, by its group":         {e.UserV2("oid-eve", "app", members{"groups": []string{"readers"}}), 200, ""},
		"without the group":               {e.UserV2("oid-eve", "app", nil), 403, "oid=oid-eve"},
		"with more groups than are named": {e.UserV2("oid-eve", "app", members{"_claim_names": members{"groups": "src1"}}), 403, "group"},
		"of another tenant":               {e.UserV2("oid-ada", "app", members{"iss": strings.Replace(e.URL, e.Tenant, "9c2b", 1)}), 401, "AKV10032: Invalid issuer."},
		"spn:":                            {e.AppV1("oid-ada", "app", members{"aud": "spn:" + authtest.VaultNumber}), 401, "AKV10022: Invalid audience. Expected https://vault.azure.net or cfa8b339-82a2-471a-a3c9-0fc0be7a4093, found: spn:cfa8b339-82a2-471a-a3c9-0fc0be7a4093."},
		"a slash":                         {e.AppV1("oid-ada", "app", members{"aud": "https://vault.azure.net/"}), 401, "found: https://vault.azure.net/."},
	} {
		got := s.Ask(t, "GET", url, c.token, "")
		if got.Status != c.status || !strings.Contains(got.Body, c.says) || c.status == 401 && got.Header.Get("WWW-Authenticate") != want {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if e.Fetches() != 1 {
		t.Errorf("the keys were fetched %d times", e.Fetches())
	}
}

type members = map[string]any

// Hundreds of forged tokens have the issuer asked once in ten seconds, and hold
// up nobody who signs in meanwhile.
func TestForgedTokens(t *testing.T) {
	t.Parallel()
	e, s := withEntra(t)
	url := s.Vault("web") + "/secrets"
	began, before := time.Now(), e.Fetches()
	stolen := authtest.NewKey("", "ES256")
	for i := range 300 {
		stolen.ID = fmt.Sprint("forged-", i)
		if i%3 == 0 {
			stolen.ID = e.Key().ID
		}
		got := s.Ask(t, "GET", url, authtest.Sign(stolen, nil, e.Claims("oid-ada", members{"aud": authtest.VaultNumber, "oid": "oid-ada"})), "")
		if got.Status != http.StatusUnauthorized || got.Header.Get("X-Certwright-Auth-Error") != "signature" || !strings.Contains(got.Body, "AKV10046") {
			t.Fatalf("a forged token: %d %s", got.Status, got.Body)
		}
		if i%50 == 0 {
			if got := s.Ask(t, "GET", url, e.UserV2("oid-ada", "app", members{"uti": fmt.Sprint(i)}), ""); got.Status != 200 {
				t.Fatalf("a good token meanwhile: %d %s", got.Status, got.Body)
			}
		}
	}
	if took, n := time.Since(began), e.Fetches()-before; n > 1+int(took/(10*time.Second)) {
		t.Errorf("the keys were fetched %d times in %v", n, took)
	}
}
