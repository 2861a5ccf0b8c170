package auth

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"certwright/internal/auth/authtest"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// callerOf authenticates a token that must be good.
func callerFrom(t *testing.T, v *Verifier, token string) vault.Caller {
	t.Helper()
	who, err := whois(t, v, token)
	must.Do(t, err)
	who.Address = netip.Addr{}
	return who
}

func same(t *testing.T, want, got vault.Caller) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("caller (-want +got):\n%s", diff)
	}
}

// Both versions of Entra name a caller by its oid, who is the same in both; the
// keys are fetched once for both.
func TestEntra(t *testing.T) {
	t.Parallel()
	e := authtest.ServeEntra(t)
	v, err := NewVerifier(Settings{Issuers: []IssuerSettings{{
		Name: "corp", URL: e.URL, Also: []string{e.V1}, Audiences: []string{authtest.VaultAudience, authtest.VaultNumber}, Claims: ClaimSettings{Preset: "entra"},
	}}}, Options{})
	must.Do(t, err)
	app := vault.Caller{Issuer: "corp", Tenant: e.Tenant, Subject: "oid-1", App: "app-1", Type: vault.AppCaller, TokenID: "uti-v1", Roles: []string{"certwright.admin"}}
	same(t, app, callerFrom(t, v, e.AppV1("oid-1", "app-1", members{"roles": []string{"certwright.admin"}})))
	same(t, app, callerFrom(t, v, e.AppV1("oid-1", "app-1", members{"roles": []string{"certwright.admin"}, "idtyp": nil}))) // sub is oid, and there is no scp
	user := vault.Caller{Issuer: "corp", Tenant: e.Tenant, Subject: "oid-2", App: "app-1", Type: vault.UserCaller, Name: "ada@example.org", TokenID: "uti-v2", Groups: []string{"g1", "g2"}}
	same(t, user, callerFrom(t, v, e.UserV2("oid-2", "app-1", members{"groups": []string{"g1", "g2"}})))
	user.Groups, user.MoreGroups = nil, true
	same(t, user, callerFrom(t, v, e.UserV2("oid-2", "app-1", members{
		"_claim_names": members{"groups": "src1"}, "_claim_sources": members{"src1": members{"endpoint": "https://graph.microsoft.com/v1.0/users/oid-2/getMemberObjects"}},
	})))
	same(t, user, callerFrom(t, v, e.UserV2("oid-2", "app-1", members{"hasgroups": true})))
	same(t, user, callerFrom(t, v, e.UserV2("oid-2", "app-1", members{"hasgroups": "true"})))
	user.MoreGroups = false
	same(t, user, callerFrom(t, v, e.UserV2("oid-2", "app-1", members{"hasgroups": false, "_claim_names": members{"other": "src1"}})))
	now := e.Now().Unix()
	callerFrom(t, v, e.AppV1("oid-1", "app-1", members{"iat": now - 300, "nbf": now - 300, "exp": now + 28*3600})) // of a managed identity a day, with CAE more
	for name, token := range map[string]string{
		"claims":   e.UserV2("oid-2", "app-1", members{"iat": now - 300, "exp": now + 29*3600}),
		"claims: ": e.UserV2("oid-2", "app-1", members{"oid": nil}), // sub is another one for each application
		"issuer: ": e.UserV2("oid-2", "app-1", members{"iss": strings.TrimSuffix(e.V1, "/")}),
		"audience": e.AppV1("oid-1", "app-1", members{"aud": "spn:" + authtest.VaultNumber}),
	} {
		if _, err := whois(t, v, token); err == nil || !strings.HasPrefix(name, string(vault.RefusalIn(err).Token)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if e.Fetches() != 1 {
		t.Errorf("%d fetches", e.Fetches())
	}
}

// A tenant is enough to configure Entra by.
func TestEntraByTenant(t *testing.T) {
	t.Parallel()
	got := IssuerSettings{Name: "corp", Entra: "contoso.example"}.withDefaults()
	want := IssuerSettings{Name: "corp", Entra: "contoso.example", URL: "https://login.microsoftonline.com/contoso.example/v2.0",
		Also: []string{"https://sts.windows.net/contoso.example/"}, Audiences: []string{authtest.VaultAudience, authtest.VaultNumber}, Claims: got.Claims}
	if diff := cmp.Diff(want, got); diff != "" || got.Claims.Subject != "oid" || len(got.check()) > 0 {
		t.Errorf("%v (-want +got):\n%s", got.check(), diff)
	}
}

// Other issuers have claims of their own, some of them within others.
func TestClaimsOfOtherIssuers(t *testing.T) {
	t.Parallel()
	keycloak, cluster := at("https://sso.example.org/realms/corp", "RS256", here), at("https://kubernetes.default.svc.cluster.local", "RS256", "certwright")
	actions := at("https://token.actions.githubusercontent.com", "RS256", "certwright")
	k, c, a := settingsOf(t, "sso", keycloak), settingsOf(t, "cluster", cluster), settingsOf(t, "actions", actions)
	k.Claims = ClaimSettings{Roles: "realm_access/roles", Tenant: "https://example.org/tenant"}
	c.Require = map[string][]string{"kubernetes.io/namespace": {"web", "shop-*"}}
	a.Require = map[string][]string{"repository_owner_id": {"12345"}, "job_workflow_ref": {"acme/*@refs/heads/main"}}
	v := verifierAt(t, Settings{Issuers: []IssuerSettings{k, c, a}})
	same(t, vault.Caller{Issuer: "sso", Tenant: "t1", Subject: "f:1", App: "web", Name: "ada", TokenID: "id-1", Groups: []string{"/ops"}, Roles: []string{"admin"}},
		callerFrom(t, v, keycloak.Token("f:1", members{"azp": "web", "preferred_username": "ada", "groups": []any{"/ops", 7}, "realm_access": members{"roles": []string{"admin"}}, "https://example.org/tenant": "t1"})))
	pod := func(namespace string) string {
		return cluster.Token("system:serviceaccount:"+namespace+":web", members{"kubernetes.io": members{"namespace": namespace, "pod": members{"name": "p"}}})
	}
	for _, namespace := range []string{"web", "shop-1"} {
		same(t, vault.Caller{Issuer: "cluster", Subject: "system:serviceaccount:" + namespace + ":web", Type: vault.AppCaller, TokenID: "id-1"}, callerFrom(t, v, pod(namespace)))
	}
	run := members{"repository_owner_id": "12345", "job_workflow_ref": "acme/web/.github/workflows/deploy.yml@refs/heads/main"}
	sub := "repo:acme/web:ref:refs/heads/main"
	same(t, vault.Caller{Issuer: "actions", Subject: sub, Type: vault.AppCaller, TokenID: "id-1"}, callerFrom(t, v, actions.Token(sub, run)))
	for name, token := range map[string]string{
		"another namespace":    pod("kube-system"),
		"no namespace":         cluster.Token("system:serviceaccount:web:web", nil),
		"a namespace as text":  cluster.Token("x", members{"kubernetes.io/namespace": members{"web": 1}}),
		"another owner":        actions.Token(sub, members{"repository_owner_id": "123456", "job_workflow_ref": run["job_workflow_ref"]}),
		"one rule of two":      actions.Token(sub, members{"repository_owner_id": "12345"}),
		"another branch":       actions.Token(sub, members{"repository_owner_id": "12345", "job_workflow_ref": "acme/web/x@refs/heads/main2"}),
		"the owner in letters": actions.Token(sub, members{"repository_owner_id": []any{members{"12345": 1}}, "job_workflow_ref": run["job_workflow_ref"]}),
	} {
		_, err := whois(t, v, token)
		if refusal := vault.RefusalIn(err); refusal == nil || refusal.Token != vault.FaultClaims || strings.Contains(refusal.Message, "12345") || strings.Contains(refusal.Message, "shop") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The same sub of two issuers is two callers.
func TestIssuersDoNotShareSubjects(t *testing.T) {
	t.Parallel()
	a, b := at("https://a.example.org", "ES256", here), at("https://b.example.org", "ES256", here)
	v := verifierAt(t, Settings{Issuers: []IssuerSettings{settingsOf(t, "a", a), settingsOf(t, "b", b)}})
	x, y := callerFrom(t, v, a.Token("ada", nil)), callerFrom(t, v, b.Token("ada", nil))
	if x.Subject != y.Subject || x.Issuer != "a" || y.Issuer != "b" {
		t.Errorf("%+v, %+v", x, y)
	}
}

// A client of the token service may show tokens of issuers that the
// configuration lets stand for clients, and of no others.
func TestFederated(t *testing.T) {
	t.Parallel()
	cluster, corp := at("https://kubernetes.default.svc", "RS256", "api://AzureADTokenExchange"), at("https://login.example.org", "ES256", here)
	c := settingsOf(t, "cluster", cluster)
	c.Federation, c.Audiences = true, nil
	v := verifierAt(t, Settings{Issuers: []IssuerSettings{c, settingsOf(t, "corp", corp)}})
	who, audiences, err := v.Federated(t.Context(), cluster.Token("system:serviceaccount:shop:web", nil))
	if err != nil || who.Issuer != "cluster" || who.Subject != "system:serviceaccount:shop:web" || len(audiences) != 1 || audiences[0] != "api://AzureADTokenExchange" {
		t.Errorf("%+v %v %v", who, audiences, err)
	}
	for name, token := range map[string]string{
		"expired": cluster.Token("x", members{"exp": noon.Unix() - 3600}), "not for clients": corp.Token("ada", nil), "opaque": "x",
		"bound": cluster.Token("x", members{"cnf": members{"x5t#S256": strings.Repeat("A", 43)}}),
	} {
		if _, _, err := v.Federated(t.Context(), token); vault.RefusalIn(err) == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := whois(t, v, corp.Token("ada", members{"iss": "x"})); strings.Contains(err.Error(), cluster.URL) || !strings.Contains(err.Error(), corp.URL) {
		t.Errorf("strangers are told of issuers that nobody signs in by: %v", err)
	}
	if _, err := whois(t, v, cluster.Token("x", nil)); vault.RefusalIn(err).Token != vault.FaultAudience {
		t.Errorf("its tokens sign in, too: %v", err)
	}
}

func TestMatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"web", "web", true}, {"web", "Web", false}, {"web", "web2", false}, {"", "", true}, {"*", "", true}, {"*", "a/b", true},
		{"shop-*", "shop-", true}, {"shop-*", "shop-1", true}, {"shop-*", "ashop-1", false}, {"*-main", "x-main", true}, {"*-main", "x-main2", false},
		{"a*b*c", "abc", true}, {"a*b*c", "a1b2c", true}, {"a*b*c", "acb", false}, {"a*a", "a", false}, {"a*a", "aa", true}, {"**", "x", true}, {"a**b", "ab", true},
	} {
		if got := matches(c.pattern, c.text); got != c.want {
			t.Errorf("matches(%q, %q) = %v", c.pattern, c.text, got)
		}
	}
}

// A localIssuer is an issuer inside the server.
type localIssuer struct {
	*authtest.Issuer
	generation uint64
}

func (l *localIssuer) Name() string { return "client" }
func (l *localIssuer) URL() string  { return l.Issuer.URL }
func (l *localIssuer) Accepts(audience string) bool {
	return strings.HasSuffix(audience, ".example.org")
}
func (l *localIssuer) Keys(context.Context, string) ([]Key, uint64) {
	keys, _ := parseKeys(l.JWKS())
	return keys, l.generation
}

// An issuer inside the server is one like others, and its tokens are verified
// again when its keys change.
func TestLocalIssuer(t *testing.T) {
	t.Parallel()
	corp := at("https://login.example.org/corp", "ES256", here)
	v := verifierAt(t, Settings{Issuers: []IssuerSettings{settingsOf(t, "corp", corp)}})
	l := &localIssuer{at("https://vault.example.org/adfs", "ES256", here), 1}
	must.Do(t, v.AddLocal(l))
	token := l.Token("c-1", members{"oid": "c-1", "appid": "c-1", "idtyp": "app", "uti": "u-1"})
	for range 2 {
		same(t, vault.Caller{Issuer: "client", Subject: "c-1", App: "c-1", Type: vault.AppCaller, TokenID: "u-1"}, callerFrom(t, v, token))
	}
	if _, err := whois(t, v, l.Token("c-1", members{"oid": "c-1", "aud": "https://elsewhere.example"})); vault.RefusalIn(err).Token != vault.FaultAudience {
		t.Errorf("another audience: %v", err)
	}
	l.Use(authtest.NewKey("k2", "ES256"))
	l.generation++
	if _, err := whois(t, v, token); vault.RefusalIn(err) == nil || vault.RefusalIn(err).Message != vault.UnknownTokenKey().Message {
		t.Errorf("a token of a key that is gone: %v", err)
	}
	if err := v.AddLocal(&localIssuer{at("https://second.example.org", "ES256"), 1}); err == nil || !strings.Contains(err.Error(), "the name client") {
		t.Errorf("a second one of its name: %v", err)
	}
	other := verifierAt(t, Settings{Issuers: []IssuerSettings{settingsOf(t, "corp", at("https://vault.example.org/adfs", "ES256", here))}})
	if err := other.AddLocal(l); err == nil || !strings.Contains(err.Error(), "the same url") {
		t.Errorf("another issuer of its url: %v", err)
	}
}
