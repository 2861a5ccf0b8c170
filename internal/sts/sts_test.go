package sts

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/must"
	"certwright/internal/oauth"

	"github.com/google/go-cmp/cmp"
)

const host = "web.vault.localhost:8443"

func service(t *testing.T) *Service {
	t.Helper()
	s, err := New("")
	must.Do(t, err)
	return s
}

// ask sends one request over https and returns status and body.
func ask(t *testing.T, s *Service, method, target, form string, header ...string) (int, map[string]any, http.Header) {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(form))
	r.Host = host
	r.TLS = &tls.ConnectionState{}
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if !s.Serves(r.URL.Path) {
		t.Fatalf("%s is not served", r.URL.Path)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%s %s: %v in %q", method, target, err, w.Body)
	}
	return w.Code, body, w.Header()
}

func claimsOf(t *testing.T, token any) (head, body map[string]any) {
	t.Helper()
	text, _ := token.(string)
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no JWT", text)
	}
	for i, into := range []*map[string]any{&head, &body} {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err == nil {
			err = json.Unmarshal(b, into)
		}
		must.Do(t, err)
	}
	return head, body
}

func TestManagedIdentity(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().Unix()
		s := service(t)
		for name, c := range map[string]struct {
			method, target, form string
			header               []string
		}{
			"app service":      {"GET", "/msi/token?api-version=2019-08-01&resource=kv%3A%2F%2F0.0.1%3A8443", "", []string{"X-IDENTITY-HEADER", "x"}},
			"old app service":  {"GET", "/msi/token?api-version=2017-09-01&resource=kv%3A%2F%2F0.0.1%3A8443", "", []string{"secret", "x"}},
			"cloud shell":      {"POST", "/msi/token", "resource=kv%3A%2F%2F0.0.1%3A8443", []string{"Metadata", "true"}},
			"machine":          {"GET", "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=kv%3A%2F%2F0.0.1%3A8443", "", []string{"Metadata", "true"}},
			"machine, from js": {"GET", "/metadata/identity/oauth2/token/?api%2Dversion=2018-02-01&resource=kv%3A%2F%2F0.0.1%3A8443", "", []string{"Metadata", "True"}},
		} {
			status, body, header := ask(t, s, c.method, c.target, c.form, c.header...)
			if status != 200 || header.Get("Content-Type") != "application/json; charset=utf-8" || header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %d %v %v", name, status, body, header)
				continue
			}
			_, claims := claimsOf(t, body["access_token"])
			delete(body, "access_token")
			want := map[string]any{
				"expires_on": strconv.FormatInt(now+86399, 10), "expires_in": "86399", "not_before": strconv.FormatInt(now, 10),
				"resource": "kv://0.0.1:8443", "token_type": "Bearer", "client_id": nobody,
			}
			if diff := cmp.Diff(want, body); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			wantClaims := map[string]any{
				"aud": "kv://0.0.1:8443", "iss": "https://" + host + "/adfs", "iat": float64(now), "nbf": float64(now),
				"exp": float64(now + 86399), "appid": nobody, "idtyp": "app", "oid": nobody, "sub": nobody, "tid": "adfs", "ver": "1.0",
			}
			if diff := cmp.Diff(wantClaims, claims); diff != "" {
				t.Errorf("%s: claims (-want +got):\n%s", name, diff)
			}
		}
	})
}

func TestManagedIdentityOfAClient(t *testing.T) {
	t.Parallel()
	_, body, _ := ask(t, service(t), "GET", "/msi/token?resource=r&client_id=c", "", "X-IDENTITY-HEADER", "x")
	if _, claims := claimsOf(t, body["access_token"]); body["client_id"] != "c" || claims["appid"] != "c" {
		t.Errorf("client %v, appid %v", body["client_id"], claims["appid"])
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := service(t)
	for name, c := range map[string]struct {
		method, target, form string
		header               []string
		status               int
		says                 string
	}{
		"app service without its header":  {"GET", "/msi/token?resource=r", "", nil, 401, "X-IDENTITY-HEADER"},
		"app service without resource":    {"GET", "/msi/token", "", []string{"X-IDENTITY-HEADER", "x"}, 400, "resource"},
		"cloud shell without Metadata":    {"POST", "/msi/token", "resource=r", nil, 400, "Required metadata header not specified"},
		"cloud shell, Metadata: false":    {"POST", "/msi/token", "resource=r", []string{"Metadata", "false"}, 400, "Required metadata header not specified"},
		"cloud shell without resource":    {"POST", "/msi/token", "a=b", []string{"Metadata", "true"}, 400, "resource"},
		"machine without Metadata":        {"GET", "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=r", "", nil, 400, "Required metadata header not specified"},
		"machine without api-version":     {"GET", "/metadata/identity/oauth2/token?resource=r", "", []string{"Metadata", "true"}, 400, "api-version"},
		"machine without resource":        {"GET", "/metadata/identity/oauth2/token?api-version=1", "", []string{"Metadata", "true"}, 400, "resource"},
		"machine, wrong method":           {"POST", "/metadata/identity/oauth2/token", "a=b", nil, 405, "POST"},
		"token without grant_type":        {"POST", "/t/oauth2/v2.0/token", "scope=s", nil, 400, "'grant_type'"},
		"token without scope":             {"POST", "/t/oauth2/v2.0/token", "grant_type=client_credentials", nil, 400, "'scope'"},
		"token from a form that is none":  {"POST", "/t/oauth2/v2.0/token", "grant_type=%zz", nil, 400, "form"},
		"token from a form without limit": {"POST", "/adfs/oauth2/token", "grant_type=" + strings.Repeat("a", oauth.MaxForm), nil, 400, "form"},
		"token by GET":                    {"GET", "/adfs/oauth2/token", "", nil, 405, "GET"},
		"sign-in page":                    {"GET", "/adfs/oauth2/authorize", "", nil, 400, "no sign-in page"},
		"webfinger of nothing":            {"GET", "/.well-known/webfinger", "", nil, 400, "resource"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, body, header := ask(t, s, c.method, c.target, c.form, c.header...)
			text, _ := json.Marshal(body)
			if status != c.status || !strings.Contains(string(text), c.says) {
				t.Errorf("%d %s, want %d and %q", status, text, c.status, c.says)
			}
			if status == 405 && header.Get("Allow") == "" {
				t.Error("405 without Allow")
			}
		})
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "/nowhere", nil))
	if w.Code != 404 {
		t.Errorf("an unknown path answers %d", w.Code)
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := service(t)
	for name, c := range map[string]struct{ target, form, tenant, aud string }{
		"adfs":                {"/adfs/oauth2/token", "grant_type=client_credentials&client_id=c&client_secret=s&resource=https%3A%2F%2Fvault.localhost%3A8443", "adfs", "https://vault.localhost:8443"},
		"adfs without aim":    {"/adfs/oauth2/token", "grant_type=client_credentials&client_id=c", "adfs", ""},
		"adfs below adfs":     {"/adfs/adfs/oauth2/v2.0/token", "grant_type=client_credentials&client_id=c&scope=r%2F.default", "adfs", "r"},
		"entra":               {"/T-1/oauth2/v2.0/token?client-request-id=1", "grant_type=client_credentials&client_id=c&scope=https%3A%2F%2Fvault.localhost%3A8443%2F.default+openid&x-client-sku=js", "T-1", "https://vault.localhost:8443"},
		"entra v1":            {"/T-1/oauth2/token", "grant_type=client_credentials&client_id=c&resource=r", "T-1", "r"},
		"with an assertion":   {"/T-1/oauth2/v2.0/token", "grant_type=client_credentials&client_id=c&client_assertion=x.y.z&scope=kv%3A%2F%2F0.0.1%3A8443%2F.default", "T-1", "kv://0.0.1:8443"},
		"in other letters":    {"/ADFS/OAuth2/Token/", "grant_type=client_credentials&client_id=c&resource=r", "ADFS", "r"},
		"a scope that ends /": {"/T-1/oauth2/v2.0/token", "grant_type=x&client_id=c&scope=https%3A%2F%2Fx%2F%2F.default", "T-1", "https://x/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, body, _ := ask(t, s, "POST", c.target, c.form)
			if status != 200 {
				t.Fatalf("%d %v", status, body)
			}
			_, claims := claimsOf(t, body["access_token"])
			delete(body, "access_token")
			want := map[string]any{"token_type": "Bearer", "expires_in": 86399.0, "ext_expires_in": 86399.0}
			if diff := cmp.Diff(want, body); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			got := []any{claims["aud"], claims["tid"], claims["iss"], claims["appid"]}
			if diff := cmp.Diff([]any{c.aud, c.tenant, "https://" + host + "/" + c.tenant, "c"}, got); diff != "" {
				t.Errorf("claims (-want +got):\n%s", diff)
			}
		})
	}
}

// The three members that MSAL wants, and the issuer that Go and JavaScript
// compare with the authority they asked.
func TestDiscovery(t *testing.T) {
	t.Parallel()
	s := service(t)
	for path, want := range map[string][]string{
		"/adfs/.well-known/openid-configuration":           {"/adfs", "/adfs/oauth2/authorize", "/adfs/oauth2/token", "/adfs/discovery/keys"},
		"/adfs/.well-known/openid-configuration?":          {"/adfs", "/adfs/oauth2/authorize", "/adfs/oauth2/token", "/adfs/discovery/keys"},
		"/adfs/adfs/.well-known/openid-configuration":      {"/adfs", "/adfs/oauth2/authorize", "/adfs/oauth2/token", "/adfs/discovery/keys"},
		"/adfs/adfs/v2.0/.well-known/openid-configuration": {"/adfs", "/adfs/oauth2/authorize", "/adfs/oauth2/token", "/adfs/discovery/keys"},
		"/adfs/v2.0/.well-known/openid-configuration":      {"/adfs", "/adfs/oauth2/authorize", "/adfs/oauth2/token", "/adfs/discovery/keys"},
		"/contoso/v2.0/.well-known/openid-configuration":   {"/contoso", "/contoso/oauth2/v2.0/authorize", "/contoso/oauth2/v2.0/token", "/contoso/discovery/v2.0/keys"},
		"/contoso/.well-known/openid-configuration":        {"/contoso", "/contoso/oauth2/v2.0/authorize", "/contoso/oauth2/v2.0/token", "/contoso/discovery/v2.0/keys"},
	} {
		_, body, _ := ask(t, s, "GET", path, "")
		for i, member := range []string{"issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"} {
			got := body[member]
			if got != "https://"+host+want[i] {
				t.Errorf("%s: %s is %v, want %s", path, member, got, want[i])
			}
			if u, err := url.Parse(got.(string)); i > 0 && (err != nil || !s.Serves(u.Path)) {
				t.Errorf("%s: nobody serves %s %v", path, member, got)
			}
		}
	}
}

func TestInstanceDiscovery(t *testing.T) {
	t.Parallel()
	s := service(t)
	for query, tenant := range map[string]string{
		"?api-version=1.1&authorization_endpoint=https%3A%2F%2Flogin.microsoftonline.com%2Fcontoso%2Foauth2%2Fv2.0%2Fauthorize": "contoso",
		"?api-version=1.1":                  "adfs",
		"?authorization_endpoint=%3A%3A":    "adfs",
		"?authorization_endpoint=https:///": "adfs",
	} {
		_, body, _ := ask(t, s, "GET", "/common/discovery/instance"+query, "")
		want := map[string]any{
			"tenant_discovery_endpoint": "https://" + host + "/" + tenant + "/v2.0/.well-known/openid-configuration",
			"api-version":               "1.1",
			"metadata":                  []any{map[string]any{"preferred_network": host, "preferred_cache": host, "aliases": []any{host}}},
		}
		if diff := cmp.Diff(want, body); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

func TestTokensVerifyWithThePublishedKey(t *testing.T) {
	t.Parallel()
	s := service(t)
	_, body, _ := ask(t, s, "GET", "/adfs/discovery/keys", "")
	jwk := body["keys"].([]any)[0].(map[string]any)
	number := func(member string) *big.Int {
		b, err := base64.RawURLEncoding.DecodeString(jwk[member].(string))
		if err != nil || len(b) != 32 {
			t.Fatalf("%s: %d octets, %v", member, len(b), err)
		}
		return new(big.Int).SetBytes(b)
	}
	public := ecdsa.PublicKey{Curve: elliptic.P256(), X: number("x"), Y: number("y")}
	_, body, _ = ask(t, s, "GET", "/msi/token?resource=r", "", "X-IDENTITY-HEADER", "x")
	token := body["access_token"].(string)
	head, _ := claimsOf(t, token)
	if diff := cmp.Diff(map[string]any{"alg": "ES256", "typ": "JWT", "kid": jwk["kid"]}, head); diff != "" {
		t.Errorf("head (-want +got):\n%s", diff)
	}
	signed, sig, _ := cutLast(token)
	raw, err := base64.RawURLEncoding.DecodeString(sig)
	if err != nil || len(raw) != 64 {
		t.Fatalf("signature of %d octets, %v", len(raw), err)
	}
	digest := sha256.Sum256([]byte(signed))
	if !ecdsa.Verify(&public, digest[:], new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])) {
		t.Error("the token does not verify")
	}
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '.')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func TestWebfinger(t *testing.T) {
	t.Parallel()
	_, body, _ := ask(t, service(t), "GET", "/.well-known/webfinger?rel=http://schemas.microsoft.com/rel/trusted-realm&resource=https://x", "")
	want := map[string]any{
		"subject": "https://x",
		"links":   []any{map[string]any{"rel": "http://schemas.microsoft.com/rel/trusted-realm", "href": "https://" + host}},
	}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The plain http listener answers with its own scheme.
func TestPlainHTTP(t *testing.T) {
	t.Parallel()
	s := service(t)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1:8080/adfs/.well-known/openid-configuration", nil))
	if !strings.Contains(w.Body.String(), `"issuer":"http://127.0.0.1:8080/adfs"`) {
		t.Errorf("got %s", w.Body)
	}
}

func TestVaultRoutesAreLeftAlone(t *testing.T) {
	t.Parallel()
	s := service(t)
	for _, path := range []string{
		"/", "", "/certificates", "/certificates/a/create", "/certificates/a/", "/certificates/contacts", "/certificates/adfs/oauth2/token", "/subscriptions", "/tenants", "/metadata/endpoints",
		"/keys/discovery/keys", "/certificates/oauth2/token", "/secrets/oauth2/token", "/deletedkeys/discovery/keys",
		"/Certificates/discovery/keys", "/deletedcertificates/oauth2/token", "/healthz", "/admin/clock", "/adfs", "/a b/oauth2/token",
	} {
		if s.Serves(path) {
			t.Errorf("%s is a token endpoint", path)
		}
	}
}

func FuzzServes(f *testing.F) {
	for _, p := range []string{"/msi/token", "/keys/discovery/keys", "/adfs/oauth2/token", "//", "/a//b"} {
		f.Add(p)
	}
	s, err := New("")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path string) {
		low := strings.ToLower(strings.TrimLeft(path, "/"))
		for _, kind := range []string{"certificates", "keys", "secrets"} {
			if (strings.HasPrefix(low, kind+"/") || strings.HasPrefix(low, "deleted"+kind+"/")) && s.Serves(path) {
				t.Errorf("%q shadows a vault's route", path)
			}
		}
		s.ServeHTTP(httptest.NewRecorder(), &http.Request{Method: "GET", Host: "x", URL: &url.URL{Path: path}, Header: http.Header{}, Body: http.NoBody})
	})
}
