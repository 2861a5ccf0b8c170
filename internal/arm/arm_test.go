package arm

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"certwright/internal/auth"
	"certwright/internal/must"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

const at = "127.0.0.1:8443"

// service has the vaults "default", "set" by its configuration and those given.
func service(t *testing.T, holding ...string) *Service {
	t.Helper()
	s, err := New(Service{
		Tenant: "adfs", Region: "local", Vault: "default", Configured: []string{"Set"},
		Vaults: func(_ context.Context, after string, limit int) (found []string, _ error) {
			for _, name := range holding {
				if name > after && len(found) < limit {
					found = append(found, name)
				}
			}
			return found, nil
		},
		Settings: func(name string) vault.Settings {
			set := vault.DefaultSettings(name)
			if name == "set" {
				set.SoftDeleteDays, set.PurgeProtection, set.Premium = 7, true, false
			}
			return set
		},
		Authenticate: auth.Authenticator{}.Authenticate, Challenge: auth.Authenticator{}.Challenge, FromPage: auth.FromPage, Log: slog.New(slog.DiscardHandler),
	})
	must.Do(t, err)
	return s
}

type reply struct {
	status int
	header http.Header
	text   string
}

func ask(t *testing.T, s *Service, method, host, target string, header ...string) reply {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	r.Host, r.TLS = host, &tls.ConnectionState{}
	r.Header.Set("Authorization", "Bearer x")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if !s.Serves(r.URL.Path) {
		t.Fatalf("%s is not served", r.URL.Path)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body.String()}
}

// get returns the answer to a GET at an address, which must be 200.
func get(t *testing.T, s *Service, host, target string) (body any) {
	t.Helper()
	got := ask(t, s, "GET", host, target)
	if err := json.Unmarshal([]byte(got.text), &body); err != nil || got.status != 200 || got.header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Fatalf("%s: %d %s (%v)", target, got.status, got.text, err)
	}
	return body
}

// member follows names and numbers into a JSON value.
func member(t *testing.T, of any, path ...any) any {
	t.Helper()
	for _, p := range path {
		switch p := p.(type) {
		case string:
			of = of.(map[string]any)[p]
		case int:
			of = of.([]any)[p]
		}
	}
	return of
}

func TestOldCloud(t *testing.T) {
	t.Parallel()
	want := map[string]any{
		"galleryEndpoint": "https://" + at + "/", "graphEndpoint": "https://" + at + "/", "portalEndpoint": "https://" + at + "/",
		"authentication": map[string]any{"loginEndpoint": "https://" + at + "/adfs", "audiences": []any{"https://" + at + "/arm"}},
	}
	for _, version := range []string{"?api-version=2015-01-01", "?api-version=2018-01-01", "?api-version=1.0", ""} {
		if diff := cmp.Diff(want, get(t, service(t), at, "/metadata/endpoints"+version)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", version, diff)
		}
	}
}

// The members that go-azure-sdk and az read, and no address of the real cloud.
func TestCloud(t *testing.T) {
	t.Parallel()
	s := service(t)
	one := get(t, s, at, "/metadata/endpoints?api-version=2022-09-01")
	if diff := cmp.Diff([]any{one}, get(t, s, at, "/metadata/endpoints?api-version=2019-05-01")); diff != "" {
		t.Errorf("the list of clouds (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(one, get(t, s, at, "/metadata/endpoints?api-version=2030-01-01")); diff != "" {
		t.Errorf("of a later version (-want +got):\n%s", diff)
	}
	for path, want := range map[string]any{
		"name": "Certwright", "resourceManager": "https://" + at + "/", "microsoftGraphResourceId": "https://" + at + "/",
		"graphAudience": "https://" + at + "/", "authentication.loginEndpoint": "https://" + at, "authentication.tenant": "adfs",
		"authentication.identityProvider": "ADFS", "suffixes.keyVaultDns": "vault.localhost:8443", "suffixes.mhsmDns": "vault.localhost:8443",
		"suffixes.storage": "core.vault.localhost:8443", "suffixes.sqlServerHostname": "database.vault.localhost:8443",
	} {
		var steps []any
		for step := range strings.SplitSeq(path, ".") {
			steps = append(steps, step)
		}
		if got := member(t, one, steps...); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	if got := member(t, one, "authentication", "audiences", 0); got != "https://"+at+"/arm" {
		t.Errorf("the audience is %v", got)
	}
	text := ask(t, s, "GET", at, "/metadata/endpoints?api-version=2022-09-01", "Authorization", "").text
	if strings.Contains(text, "azure.com") || strings.Contains(text, "windows.net") || !strings.Contains(text, `"name"`) {
		t.Errorf("without a token: %s", text)
	}
	s.Tenant = "11111111-2222-3333-4444-555555555555"
	two := get(t, s, at, "/metadata/endpoints?api-version=2022-09-01")
	if member(t, two, "authentication", "identityProvider") != "AAD" || member(t, get(t, s, at, "/metadata/endpoints"), "authentication", "loginEndpoint") != "https://"+at {
		t.Errorf("of another tenant: %v", two)
	}
}

// What follows a vault's name depends on how the server is called.
func TestVaultAddresses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ host, suffix, web, standard, octet string }{
		{at, "vault.localhost:8443", "https://web.vault.localhost:8443/", "https://default.vault.localhost:8443/", "https://127.0.0.1:8443/"},
		{"localhost:8443", "vault.localhost:8443", "https://web.vault.localhost:8443/", "https://default.vault.localhost:8443/", "https://127.0.0.1:8443/"},
		{"[::1]:8443", "vault.localhost:8443", "https://web.vault.localhost:8443/", "https://default.vault.localhost:8443/", "https://127.vault.localhost:8443/"},
		{"default.vault.localhost:8443", "vault.localhost:8443", "https://web.vault.localhost:8443/", "https://default.vault.localhost:8443/", "https://127.vault.localhost:8443/"},
		{"kv.ns.svc", "ns.svc", "https://web.ns.svc/", "https://default.ns.svc/", "https://127.ns.svc/"},
		{"box", "vault.localhost", "https://web.vault.localhost/", "https://default.vault.localhost/", "https://127.vault.localhost/"},
		{"10.0.0.5:8443", "0.0.5:8443", "https://web.0.0.5:8443/", "https://10.0.0.5:8443/", "https://127.0.0.5:8443/"},
	} {
		s := service(t)
		if got := member(t, get(t, s, c.host, "/metadata/endpoints?api-version=2022-09-01"), "suffixes", "keyVaultDns"); got != c.suffix {
			t.Errorf("%s: the suffix is %v, want %s", c.host, got, c.suffix)
		}
		for name, want := range map[string]string{"web": c.web, "default": c.standard, "127": c.octet} {
			got := get(t, s, c.host, "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/"+name)
			if uri := member(t, got, "properties", "vaultUri"); uri != want {
				t.Errorf("%s: vault %s is at %v, want %s", c.host, name, uri, want)
			}
		}
	}
}

func TestSubscription(t *testing.T) {
	t.Parallel()
	s := service(t)
	all := get(t, s, at, "/subscriptions?api-version=2022-12-01")
	one := member(t, all, "value", 0)
	if len(member(t, all, "value").([]any)) != 1 || member(t, one, "subscriptionId") != Subscription || member(t, one, "state") != "Enabled" || member(t, one, "tenantId") != "adfs" {
		t.Errorf("subscriptions: %v", all)
	}
	if diff := cmp.Diff(one, get(t, s, at, "/Subscriptions/"+Subscription)); diff != "" {
		t.Errorf("one (-want +got):\n%s", diff)
	}
	if got := get(t, s, at, "/subscriptions/other"); member(t, got, "id") != "/subscriptions/other" {
		t.Errorf("another: %v", got)
	}
	if got := get(t, s, at, "/tenants?api-version=2022-12-01"); member(t, got, "value", 0, "tenantId") != "adfs" {
		t.Errorf("tenants: %v", got)
	}
	for _, target := range []string{"/subscriptions/s/providers/Microsoft.KeyVault", "/subscriptions/s/providers"} {
		got := get(t, s, at, target)
		if target == "/subscriptions/s/providers" {
			got = member(t, got, "value", 0)
		}
		if member(t, got, "namespace") != "Microsoft.KeyVault" || member(t, got, "registrationState") != "Registered" || member(t, got, "resourceTypes", 0, "resourceType") != "vaults" {
			t.Errorf("%s: %v", target, got)
		}
	}
	for _, target := range []string{"/providers/Microsoft.KeyVault/managedHSMs", "/resourceGroups/g/providers/Microsoft.KeyVault/managedHSMs", "/providers/Microsoft.KeyVault/deletedVaults"} {
		if diff := cmp.Diff(map[string]any{"value": []any{}}, get(t, s, at, "/subscriptions/s"+target)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", target, diff)
		}
	}
}

func TestVault(t *testing.T) {
	t.Parallel()
	s := service(t)
	want := map[string]any{
		"id":   "/subscriptions/S-1/resourceGroups/Prod/providers/Microsoft.KeyVault/vaults/set",
		"name": "set", "type": "Microsoft.KeyVault/vaults", "location": "local", "tags": map[string]any{},
		"properties": map[string]any{
			"vaultUri": "https://set.vault.localhost:8443/", "tenantId": "adfs", "sku": map[string]any{"family": "A", "name": "standard"},
			"accessPolicies": []any{}, "enabledForDeployment": false, "enabledForDiskEncryption": false, "enabledForTemplateDeployment": false,
			"enableSoftDelete": true, "softDeleteRetentionInDays": 7.0, "enableRbacAuthorization": true, "enablePurgeProtection": true,
			"provisioningState": "Succeeded", "publicNetworkAccess": "Enabled",
		},
	}
	for _, version := range []string{"2016-10-01", "2026-02-01", "x"} {
		got := get(t, s, at, "/subscriptions/S-1/resourcegroups/Prod/providers/microsoft.keyvault/Vaults/set/?api-version="+version)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("at %s (-want +got):\n%s", version, diff)
		}
	}
	properties := member(t, get(t, s, at, "/subscriptions/S-1/resourceGroups/Prod/providers/Microsoft.KeyVault/vaults/web"), "properties").(map[string]any)
	if _, said := properties["enablePurgeProtection"]; said || member(t, properties, "sku", "name") != "premium" || properties["softDeleteRetentionInDays"] != 90.0 {
		t.Errorf("a usual vault: %v", properties)
	}
}

// names lists a page's vaults, each with its group.
func names(t *testing.T, page any) (found []string) {
	t.Helper()
	for _, v := range member(t, page, "value").([]any) {
		parts := strings.Split(member(t, v, "id").(string), "/")
		found = append(found, parts[4]+"/"+member(t, v, "name").(string))
	}
	return found
}

func TestLists(t *testing.T) {
	t.Parallel()
	s := service(t, "default", "web")
	all := []string{"certwright/default", "certwright/set", "certwright/web"}
	filtered := func(text string) string { return "/subscriptions/s/resources?$filter=" + url.QueryEscape(text) }
	const ofType = "resourceType eq 'Microsoft.KeyVault/vaults'"
	for target, want := range map[string][]string{
		"/subscriptions/s/providers/Microsoft.KeyVault/vaults?api-version=2023-07-01":            all,
		"/subscriptions/s/resourceGroups/CertWright/providers/Microsoft.KeyVault/vaults?$top=50": all,
		"/subscriptions/s/resourceGroups/other/providers/Microsoft.KeyVault/vaults":              nil,
		"/subscriptions/s/resources":                                             all,
		"/subscriptions/s/resourceGroups/certwright/resources":                   all,
		filtered(ofType):                                                         all,
		filtered("resourceType eq 'microsoft.keyvault/VAULTS'"):                  all,
		filtered(ofType + " and name eq 'web'"):                                  {"certwright/web"},
		filtered("(name eq 'Web') and (" + ofType + ")"):                         {"certwright/web"},
		filtered("name eq 'web' and name eq 'set'"):                              nil,
		filtered("name eq 'not yet'"):                                            nil,
		filtered("name eq 'it''s'"):                                              nil,
		filtered("name eq 'empty'"):                                              {"certwright/empty"},
		filtered("resourceType eq 'Microsoft.Storage/storageAccounts'"):          nil,
		filtered("resourceGroup eq 'certwright' and location eq 'local'"):        all,
		filtered("resourceGroup eq 'other'"):                                     nil,
		filtered("name eq 'a and b'"):                                            nil,
		filtered(ofType + " AND name EQ 'set'"):                                  {"certwright/set"},
		"/subscriptions/s/resources?$skiptoken=" + token("set") + "&api-version": {"certwright/web"},
	} {
		page := get(t, s, at, target)
		if diff := cmp.Diff(want, names(t, page)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", target, diff)
		}
		if member(t, page, "nextLink") != nil {
			t.Errorf("%s goes on at %v", target, member(t, page, "nextLink"))
		}
	}
	if v := get(t, s, at, "/subscriptions/s/providers/Microsoft.KeyVault/vaults"); member(t, v, "value", 1, "properties", "vaultUri") != "https://set.vault.localhost:8443/" {
		t.Errorf("a vault in a list: %v", v)
	}
	if v := get(t, s, at, "/subscriptions/s/resources"); member(t, v, "value", 1, "properties") != nil {
		t.Errorf("a resource in a list: %v", v)
	}
}

func token(after string) string { return strings.TrimPrefix((call{}).next(after), "?%24skiptoken=") }

func TestPages(t *testing.T) {
	t.Parallel()
	var holding, want []string
	for i := range 250 {
		holding = append(holding, fmt.Sprintf("v-%03d", i))
	}
	for _, name := range known(holding, "default", "set") {
		want = append(want, "certwright/"+name)
	}
	s := service(t, holding...)
	for _, top := range []string{"", "&$top=1000000", "&$top=7"} {
		var got []string
		pages, target := 0, "/subscriptions/s/providers/Microsoft.KeyVault/vaults?api-version=2023-07-01"+top
		for target != "" {
			page := get(t, s, at, target)
			got, pages = append(got, names(t, page)...), pages+1
			next, _ := member(t, page, "nextLink").(string)
			if next != "" && (!strings.HasPrefix(next, "https://"+at+"/subscriptions/s/") || !strings.Contains(next, "api-version=2023-07-01")) {
				t.Fatalf("the next page is at %s", next)
			}
			target = strings.TrimPrefix(next, "https://"+at)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", top, diff)
		}
		if most := map[string]int{"": 3, "&$top=1000000": 1, "&$top=7": 36}[top]; pages != most {
			t.Errorf("%s: %d pages, want %d", top, pages, most)
		}
	}
}

// A vault that was asked for under a group of the caller's is listed there, in
// that subscription only.
func TestGroups(t *testing.T) {
	t.Parallel()
	s := service(t, "web")
	get(t, s, at, "/subscriptions/S/resourceGroups/Prod/providers/Microsoft.KeyVault/vaults/Web")
	for target, want := range map[string][]string{
		"/subscriptions/s/providers/Microsoft.KeyVault/vaults":                     {"certwright/default", "certwright/set", "Prod/web"},
		"/subscriptions/s/resourceGroups/prod/providers/Microsoft.KeyVault/vaults": {"Prod/web"},
		"/subscriptions/s2/resources":                                              {"certwright/default", "certwright/set", "certwright/web"},
		"/subscriptions/s/resources?$filter=name%20eq%20'web'":                     {"Prod/web"},
	} {
		if diff := cmp.Diff(want, names(t, get(t, s, at, target))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", target, diff)
		}
	}
	if diff := cmp.Diff([]string{"Prod/Prod", "certwright/certwright"}, names(t, get(t, s, at, "/subscriptions/s/resourcegroups"))); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	if got := get(t, s, at, "/subscriptions/s/resourceGroups/New?api-version=1"); member(t, got, "id") != "/subscriptions/s/resourceGroups/New" || member(t, got, "properties", "provisioningState") != "Succeeded" {
		t.Errorf("a group: %v", got)
	}
	for i := range maxGroups + 5 {
		s.groups.put("s", fmt.Sprint(i), "g")
	}
	if len(s.groups.of) != maxGroups || s.groups.get("s", "web") != "Prod" || s.groups.get("s", fmt.Sprint(maxGroups+4)) != Group {
		t.Errorf("the book has %d lines", len(s.groups.of))
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := service(t)
	for name, c := range map[string]struct {
		method, target string
		header         []string
		status         int
		code, says     string
	}{
		"no token":             {"GET", "/subscriptions", []string{"Authorization", ""}, 401, "AuthenticationFailed", "missing"},
		"no token, no path":    {"PUT", "/subscriptions/s/nothing", []string{"Authorization", "Basic eDp5"}, 401, "AuthenticationFailed", "missing"},
		"a web page":           {"GET", "/subscriptions", []string{"Sec-Fetch-Site", "cross-site"}, 403, "Forbidden", "web page"},
		"a web page, no token": {"GET", "/metadata/endpoints", []string{"Origin", "https://evil.example", "Authorization", ""}, 403, "Forbidden", "web page"},
		"a new vault":          {"PUT", "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/web", nil, 405, "MethodNotAllowed", "can only be read"},
		"away with it":         {"DELETE", "/subscriptions/s/resourceGroups/g", nil, 405, "MethodNotAllowed", "can only be read"},
		"no such path":         {"GET", "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts", nil, 404, "NotFound", "nothing at /subscriptions/s/resourceGroups/g/providers/Microsoft.Storage"},
		"no such name":         {"GET", "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/a_b", nil, 404, "ResourceNotFound", "a_b"},
		"none deleted":         {"GET", "/subscriptions/s/providers/Microsoft.KeyVault/locations/local/deletedVaults/web", nil, 404, "DeletedVaultNotFound", "web"},
		"an empty segment":     {"GET", "/subscriptions//resources", nil, 404, "NotFound", "nothing at"},
		"a long group":         {"GET", "/subscriptions/s/resourceGroups/" + strings.Repeat("g", 91), nil, 400, "InvalidResourceName", "90"},
		"a long path":          {"GET", "/subscriptions/" + strings.Repeat("s/", 5000), nil, 404, "NotFound", "..."},
		"a bad query":          {"GET", "/subscriptions?a=%25zz&b=%zz", nil, 400, "InvalidRequest", "query"},
		"a function":           {"GET", "/subscriptions/s/resources?$filter=substringof('a',name)", nil, 400, "InvalidFilterInQueryString", "resourceType"},
		"a foreign member":     {"GET", "/subscriptions/s/resources?$filter=tagName%20eq%20'a'", nil, 400, "InvalidFilterInQueryString", "resourceType"},
		"half a filter":        {"GET", "/subscriptions/s/resources?$filter=name%20eq%20'a'%20and%20", nil, 400, "InvalidFilterInQueryString", "resourceType"},
		"a long filter":        {"GET", "/subscriptions/s/resources?$filter=" + strings.Repeat("a", 1001), nil, 400, "InvalidFilterInQueryString", "resourceType"},
		"no page":              {"GET", "/subscriptions/s/resources?$top=0", nil, 400, "InvalidTopQueryParameter", "$top"},
		"no place":             {"GET", "/subscriptions/s/resources?$skiptoken=%2B", nil, 400, "InvalidSkipToken", "$skiptoken"},
	} {
		got := ask(t, s, c.method, at, c.target, c.header...)
		var body struct {
			Error struct{ Code, Message string }
		}
		if err := json.Unmarshal([]byte(got.text), &body); err != nil {
			t.Errorf("%s: %v in %s", name, err, got.text)
		}
		if got.status != c.status || body.Error.Code != c.code || !strings.Contains(body.Error.Message, c.says) || len(got.text) > 1000 {
			t.Errorf("%s: %d %s, want %d %s and %q", name, got.status, got.text, c.status, c.code, c.says)
		}
		if challenge := got.header.Get("WWW-Authenticate"); (challenge == auth.Authenticator{}.Challenge(at)) != (c.status == 401) {
			t.Errorf("%s: the challenge is %q", name, challenge)
		}
		if (got.header.Get("Allow") == "GET, HEAD") != (c.status == 405) {
			t.Errorf("%s: Allow is %q", name, got.header.Get("Allow"))
		}
	}
	s.Vaults = func(context.Context, string, int) ([]string, error) { return nil, errors.New("secret disk trouble") }
	if got := ask(t, s, "GET", at, "/subscriptions/s/resources"); got.status != 500 || strings.Contains(got.text, "disk") {
		t.Errorf("trouble inside: %d %s", got.status, got.text)
	}
}

func TestNewAsksForAll(t *testing.T) {
	t.Parallel()
	whole := *service(t)
	for name, leave := range map[string]func(*Service){
		"tenant": func(s *Service) { s.Tenant = "" }, "region": func(s *Service) { s.Region = "" }, "vault": func(s *Service) { s.Vault = "" },
		"vaults": func(s *Service) { s.Vaults = nil }, "settings": func(s *Service) { s.Settings = nil }, "authenticate": func(s *Service) { s.Authenticate = nil },
		"challenge": func(s *Service) { s.Challenge = nil }, "page": func(s *Service) { s.FromPage = nil }, "log": func(s *Service) { s.Log = nil },
	} {
		half := whole
		leave(&half)
		if _, err := New(half); err == nil {
			t.Errorf("it does without %s", name)
		}
	}
}

func TestVaultRoutesAreLeftAlone(t *testing.T) {
	t.Parallel()
	s := service(t)
	for _, path := range []string{"/", "", "/certificates", "/keys/subscriptions", "/secrets/tenants/x", "/adfs/oauth2/token", "/metadata/identity/oauth2/token", "/metadata", "/subscriptionsx"} {
		if s.Serves(path) {
			t.Errorf("%s is the management plane's", path)
		}
	}
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{"name eq 'a'", "resourceType eq 'x' and name eq 'it''s'", "(name eq 'a' and b", "' and '"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		asked, err := parseFilter(text)
		if err == nil && text != "" && len(asked) == 0 {
			t.Errorf("%q asks nothing", text)
		}
		for member := range asked {
			if !slices.Contains([]string{"resourcetype", "name", "resourcegroup", "location"}, member) {
				t.Errorf("%q asks for %s", text, member)
			}
		}
	})
}
