package tokens

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
)

const (
	issuer    = "https://vault.example:8443/adfs"
	host      = "web.vault.example:8443"
	resource  = "https://vault.example:8443"
	tokenPath = "/adfs/oauth2/token"
)

// A house is a service with a clock that the test moves.
type house struct {
	*Service
	t      *testing.T
	now    time.Time
	events []Event
}

// open makes a service of settings; its accounts may be those of another one.
func open(t *testing.T, s Settings, change ...func(*Means)) *house {
	t.Helper()
	h := &house{t: t, now: time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)}
	if s.Issuer == "" {
		s.Issuer = issuer
	}
	must.Do(t, joined(s.Check()))
	means := Means{
		Hosts: []string{"*.vault.example", "127.0.0.1"},
		Now:   func() time.Time { return h.now }, Told: func(e Event) { h.events = append(h.events, e) },
	}
	for _, c := range change {
		c(&means)
	}
	if means.Accounts == nil {
		means.Accounts = sqltest.Accounts(t)
	}
	var err error
	h.Service, err = New(t.Context(), s, means)
	must.Do(t, err)
	return h
}

func joined(errs []error) error {
	if len(errs) > 0 {
		return errs[0]
	}
	return nil
}

// An answer is what a request got.
type answer struct {
	status int
	body   map[string]any
	header http.Header
}

func (a answer) says(text string) bool {
	said, _ := a.body["error_description"].(string)
	return strings.Contains(said, text)
}

func (h *house) send(r *http.Request) answer {
	h.t.Helper()
	if !h.Serves(r.URL.Path) {
		h.t.Fatalf("%s is not served", r.URL.Path)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Header()}
	if err := json.Unmarshal(w.Body.Bytes(), &a.body); err != nil {
		h.t.Fatalf("%s: %v in %q", r.URL, err, w.Body)
	}
	return a
}

func (h *house) get(target string) answer {
	h.t.Helper()
	r := httptest.NewRequest("GET", "https://"+host+target, nil)
	r.TLS = &tls.ConnectionState{}
	return h.send(r)
}

func newPost(path string, form url.Values) *http.Request {
	r := httptest.NewRequest("POST", "https://"+host+path, strings.NewReader(form.Encode()))
	r.TLS = &tls.ConnectionState{}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// ask asks for a token with a form that has these members more.
func (h *house) ask(more map[string]string) answer {
	h.t.Helper()
	form := map[string]string{"grant_type": "client_credentials", "client_id": "web-id", "scope": resource + "/.default"}
	maps.Copy(form, more)
	values := url.Values{}
	for name, value := range form {
		if value != "" {
			values.Set(name, value)
		}
	}
	return h.send(newPost(tokenPath, values))
}

// token verifies a token by the published keys, and returns its claims.
func (h *house) token(a answer) map[string]any {
	h.t.Helper()
	text, _ := a.body["access_token"].(string)
	if a.status != 200 {
		h.t.Fatalf("%d %v", a.status, a.body)
	}
	parsed, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.ES256, jose.RS256})
	must.Do(h.t, err)
	set := h.keySet()
	keys := set.Key(parsed.Headers[0].KeyID)
	if len(keys) != 1 {
		h.t.Fatalf("%d keys of kid %s", len(keys), parsed.Headers[0].KeyID)
	}
	var claims map[string]any
	must.Do(h.t, parsed.Claims(keys[0], &claims))
	return claims
}

func (h *house) keySet() (set jose.JSONWebKeySet) {
	h.t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "https://"+host+"/adfs/discovery/keys", nil)
	h.ServeHTTP(w, r)
	if w.Header().Get("Cache-Control") != "max-age=300" {
		h.t.Errorf("keys: %v", w.Header())
	}
	must.Do(h.t, json.Unmarshal(w.Body.Bytes(), &set))
	for _, k := range set.Keys {
		if !k.IsPublic() || !k.Valid() || k.Use != "sig" {
			h.t.Errorf("key %+v", k)
		}
	}
	return set
}

// withSecret is a client with a secret.
func withSecret() (ClientSettings, string) {
	secret, hash := NewSecret()
	return ClientSettings{ID: "web-id", Name: "web", Groups: []string{"g"}, Roles: []string{"r"}, Secrets: []SecretSettings{{Hash: hash}}}, secret
}

func TestSecret(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"ES256", "RS256"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			web, secret := withSecret()
			h := open(t, Settings{Clients: []ClientSettings{web}, Keys: KeySettings{Algorithm: algorithm}})
			a := h.ask(map[string]string{"client_secret": secret})
			claims := h.token(a)
			id := claims["uti"]
			delete(claims, "uti")
			delete(a.body, "access_token")
			at := float64(h.now.Unix())
			want := map[string]any{
				"aud": resource, "iss": issuer, "iat": at, "nbf": at, "exp": at + 3600, "appid": "web-id", "app_displayname": "web", "idtyp": "app",
				"oid": "web-id", "sub": "web-id", "tid": "adfs", "groups": []any{"g"}, "roles": []any{"r"}, "ver": "1.0",
			}
			if diff := cmp.Diff(want, claims); diff != "" {
				t.Errorf("claims (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(map[string]any{"token_type": "Bearer", "expires_in": 3600.0, "ext_expires_in": 3600.0}, a.body); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%v", a.header)
			}
			want2 := Event{Client: "web-id", Grant: "secret", Address: netip.MustParseAddr("192.0.2.1")}
			want2.TokenID, _ = id.(string)
			if len(h.events) != 1 || h.events[0] != want2 || len(want2.TokenID) < 20 {
				t.Errorf("told %+v", h.events)
			}
			key := h.keySet().Keys[0].Key
			if _, isRSA := key.(*rsa.PublicKey); isRSA != (algorithm == "RS256") {
				t.Errorf("%T", key)
			}
			if _, isEC := key.(*ecdsa.PublicKey); isEC != (algorithm == "ES256") {
				t.Errorf("%T", key)
			}
		})
	}
}

// Whoever does not know a secret is told the same, whether there is the client or not.
func TestSecretRefused(t *testing.T) {
	t.Parallel()
	web, secret := withSecret()
	other, _ := NewSecret()
	over, hash := NewSecret()
	old := ClientSettings{ID: "old-id", Name: "old", Secrets: []SecretSettings{{Hash: hash, Expires: "2026-11-28T12:00:00Z"}}}
	own := ClientSettings{ID: "own-id", Secrets: []SecretSettings{{Hash: "sha256:" + strings.Repeat("0", 64)}}}
	h := open(t, Settings{Clients: []ClientSettings{web, old, own}})
	unknown := h.ask(map[string]string{"client_id": "nobody", "client_secret": secret})
	for name, form := range map[string]map[string]string{
		"wrong secret":      {"client_secret": other},
		"the secret's hash": {"client_secret": web.Secrets[0].Hash},
		"a client's name":   {"client_id": "web", "client_secret": secret},
		"another client":    {"client_id": "own-id", "client_secret": secret},
		"of another form":   {"client_secret": "x"},
	} {
		a := h.ask(form)
		if diff := cmp.Diff(unknown.body, a.body); a.status != 401 || diff != "" || !a.says("AADSTS7000215: Invalid client secret provided.") {
			t.Errorf("%s: %d (-unknown client +got):\n%s", name, a.status, diff)
		}
	}
	if a := h.ask(map[string]string{"client_id": "old-id", "client_secret": over}); a.status != 401 || !a.says("AADSTS7000222") {
		t.Errorf("expired: %d %v", a.status, a.body)
	}
	if a := h.ask(map[string]string{"client_id": "old-id", "client_secret": other}); !a.says("AADSTS7000215") {
		t.Errorf("wrong of a client whose secret expired: %v", a.body)
	}
	h.now = h.now.Add(-time.Second)
	h.token(h.ask(map[string]string{"client_id": "OLD-ID", "client_secret": over}))
	for _, e := range h.events {
		if strings.Contains(e.Refusal, secretPrefix) {
			t.Errorf("an event shows a secret: %+v", e)
		}
	}
}

func TestRequestRefused(t *testing.T) {
	t.Parallel()
	web, secret := withSecret()
	h := open(t, Settings{Clients: []ClientSettings{web}})
	for name, c := range map[string]struct {
		form   map[string]string
		status int
		code   string
		says   string
	}{
		"no grant":       {map[string]string{"grant_type": ""}, 400, "invalid_request", "AADSTS900144: The request body must contain the following parameter: 'grant_type'."},
		"password":       {map[string]string{"grant_type": "password", "username": "u", "password": "p"}, 400, "unsupported_grant_type", "AADSTS70003"},
		"device code":    {map[string]string{"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}, 400, "unsupported_grant_type", "AADSTS70003"},
		"refresh":        {map[string]string{"grant_type": "refresh_token"}, 400, "unsupported_grant_type", "AADSTS70003"},
		"no scope":       {map[string]string{"scope": ""}, 400, "invalid_request", "'scope'"},
		"no client":      {map[string]string{"client_id": ""}, 400, "invalid_request", "'client_id'"},
		"no proof":       {nil, 401, "invalid_client", "AADSTS7000218"},
		"two proofs":     {map[string]string{"client_secret": secret, "client_assertion": "a.b.c"}, 400, "invalid_request", "not both"},
		"no type":        {map[string]string{"client_assertion": "a.b.c"}, 400, "invalid_request", "'client_assertion_type'"},
		"elsewhere":      {map[string]string{"client_secret": secret, "scope": "https://management.azure.com/.default"}, 400, "invalid_resource", "AADSTS500011: The resource principal named https://management.azure.com was not found in the tenant named adfs."},
		"another vault":  {map[string]string{"client_secret": secret, "scope": "https://vault.example.org/.default"}, 400, "invalid_resource", "AADSTS500011"},
		"with a slash":   {map[string]string{"client_secret": secret, "scope": resource + "//.default"}, 400, "invalid_resource", "AADSTS500011"},
		"above":          {map[string]string{"client_secret": secret, "scope": "https://example:8443/.default"}, 400, "invalid_resource", "AADSTS500011"},
		"hidden":         {map[string]string{"client_secret": secret, "scope": "https://evil@vault.example:8443/.default"}, 400, "invalid_resource", "AADSTS500011"},
		"address, https": {map[string]string{"client_secret": secret, "scope": "https://0.0.1:8443/.default"}, 400, "invalid_resource", "AADSTS500011"},
		"too long":       {map[string]string{"client_secret": strings.Repeat("a", 64<<10)}, 400, "invalid_request", "cannot be read"},
	} {
		if a := h.ask(c.form); a.status != c.status || a.body["error"] != c.code || !a.says(c.says) || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", name, a.status, a.body)
		}
	}
	twice := newPost(tokenPath, url.Values{"grant_type": {"client_credentials"}, "client_id": {"web-id", "web-id"}, "scope": {resource}, "client_secret": {secret}})
	if a := h.send(twice); a.status != 400 || !a.says("more than once") {
		t.Errorf("twice: %v", a.body)
	}
	query := newPost(tokenPath+"?client_secret="+secret, url.Values{"grant_type": {"client_credentials"}, "client_id": {"web-id"}, "scope": {resource}})
	if a := h.send(query); a.status != 401 || !a.says("AADSTS7000218") {
		t.Errorf("a secret in the query: %v", a.body)
	}
}

func TestAudiences(t *testing.T) {
	t.Parallel()
	web, secret := withSecret()
	h := open(t, Settings{Clients: []ClientSettings{web}, Audiences: []string{"cfa8b339-82a2-471a-a3c9-0fc0be7a4093"}})
	for _, want := range []string{resource, "https://vault.example", "https://eu.vault.example:8443", "kv://0.0.1:8443", "https://vault.azure.net", "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"} {
		if got := h.token(h.ask(map[string]string{"client_secret": secret, "scope": want + "/.default"})); got["aud"] != want {
			t.Errorf("%s: %v", want, got)
		}
		if got := h.token(h.ask(map[string]string{"client_secret": secret, "scope": "openid profile offline_access " + want + "/.default"})); got["aud"] != want {
			t.Errorf("%s, as Java asks: %v", want, got)
		}
		if got := h.token(h.ask(map[string]string{"client_secret": secret, "scope": "", "resource": want})); got["aud"] != want {
			t.Errorf("%s: %v", want, got)
		}
	}
}

func TestBasic(t *testing.T) {
	t.Parallel()
	web, secret := withSecret()
	h := open(t, Settings{Clients: []ClientSettings{web}})
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {resource + "/.default"}}
	r := newPost("/ADFS/oauth2/v2.0/token/", form)
	r.SetBasicAuth(url.QueryEscape("web-id"), url.QueryEscape(secret))
	h.token(h.send(r))
	form.Set("client_secret", secret)
	r = newPost(tokenPath, form)
	r.SetBasicAuth("web-id", secret)
	if a := h.send(r); a.status != 400 || !a.says("AADSTS90014") {
		t.Errorf("both: %d %v", a.status, a.body)
	}
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	h := open(t, Settings{})
	a := h.get("/adfs/.well-known/openid-configuration?")
	if at := "https://" + host + "/adfs"; a.status != 200 || a.body["issuer"] != at || a.body["token_endpoint"] != at+"/oauth2/token" ||
		a.body["authorization_endpoint"] != at+"/oauth2/authorize" || a.body["jwks_uri"] != at+"/discovery/keys" {
		t.Errorf("%d %v", a.status, a.body)
	}
	for target, status := range map[string]int{
		"/adfs/oauth2/authorize": 400, "/adfs/oauth2/token": 405, "/other/.well-known/openid-configuration": 400, "/.well-known/webfinger?resource=x": 200,
		"/common/discovery/instance": 200,
	} {
		if a := h.get(target); a.status != status {
			t.Errorf("%s: %d %v", target, a.status, a.body)
		}
	}
	r := newPost("/other/oauth2/token", url.Values{"grant_type": {"client_credentials"}})
	if a := h.send(r); a.status != 400 || !a.says("AADSTS90002: Tenant 'other' not found.") {
		t.Errorf("another tenant: %d %v", a.status, a.body)
	}
	for _, host := range []string{"evil.example", "evil@web.vault.example", "web.vault.example:x", "vault.example.evil", ".vault.example", "web.vault.example/", ""} {
		r = newPost(tokenPath, url.Values{"grant_type": {"client_credentials"}})
		if r.Host = host; h.send(r).status != 421 {
			t.Errorf("the host %q is served", host)
		}
	}
	r = httptest.NewRequest("OPTIONS", "https://"+host+tokenPath, nil)
	r.Header.Set("Origin", "https://evil.example")
	if a := h.send(r); a.status != 405 || a.header.Get("Allow") != "POST" || a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("options: %d %v", a.status, a.header)
	}
}

// A client, and an address whatever it asks, wait when they ask too often; a
// stranger's wrong secrets do not lock a client out.
func TestLimits(t *testing.T) {
	t.Parallel()
	web, secret := withSecret()
	other, second := withSecret()
	other.ID, other.Name = "other-id", "other"
	from := netip.MustParseAddr("192.0.2.1")
	h := open(t, Settings{Clients: []ClientSettings{web, other}, Limits: LimitSettings{PerClient: 12, PerAddress: 60}}, func(m *Means) {
		m.Address = func(*http.Request) netip.Addr { return from }
	})
	for i := range 10 {
		if a := h.ask(map[string]string{"client_secret": "wrong"}); a.status != 401 {
			t.Fatalf("%d: %d %v", i, a.status, a.body)
		}
	}
	if a := h.ask(map[string]string{"client_secret": "wrong"}); a.status != 429 || a.header.Get("Retry-After") != "1" {
		t.Errorf("the address: %d %v", a.status, a.header)
	}
	from = netip.MustParseAddr("2001:db8::1")
	for range 2 {
		h.token(h.ask(map[string]string{"client_secret": secret}))
	}
	if a := h.ask(map[string]string{"client_secret": secret}); a.status != 429 || a.header.Get("Retry-After") != "5" || !a.says("AADSTS90055") {
		t.Errorf("the client: %d %v %v", a.status, a.header, a.body)
	}
	h.token(h.ask(map[string]string{"client_id": "other-id", "client_secret": second}))
	h.now = h.now.Add(5 * time.Second)
	h.token(h.ask(map[string]string{"client_secret": secret}))
	for range 20 {
		h.ask(map[string]string{"client_secret": "wrong"})
	}
	from = netip.MustParseAddr("2001:db8::ffff") // of the same network
	if a := h.ask(map[string]string{"client_secret": "wrong"}); a.status != 429 {
		t.Errorf("the network: %d", a.status)
	}
}

// However many ask, few are remembered.
func TestLimitsAreBounded(t *testing.T) {
	t.Parallel()
	l := newLimiter[int](6)
	for i := range remembered + 100 {
		l.wait(i, time.Unix(0, 0))
	}
	if l.seen.Len() != remembered {
		t.Errorf("%d are remembered", l.seen.Len())
	}
}
