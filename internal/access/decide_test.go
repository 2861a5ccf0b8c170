package access

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"certwright/internal/must"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

const tenant = "https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/"

// tableOf compiles rules of vaults in a region.
func tableOf(t testing.TB, s Settings, vaults ...Vault) *Table {
	t.Helper()
	table, err := New(s, vaults, Surroundings{Region: "lab", Issuers: map[string]string{"corp": tenant, "cluster": "https://kubernetes.default.svc", vault.ClientIssuer: "https://vault.example/adfs"}})
	must.Do(t, err)
	return table
}

// answer is what a decision says: its reason, or the refusal's inner code.
func answer(t testing.TB, table *Table, who vault.Caller, do vault.Action, on string) string {
	t.Helper()
	parts := append(strings.Split(on, "/"), "", "")
	reason, err := table.Decide(t.Context(), who, do, vault.Ref{Vault: parts[0], Kind: vault.Kind(parts[1]), Name: parts[2]})
	var refusal *vault.Error
	switch {
	case err == nil:
		return reason
	case !errors.As(err, &refusal):
		t.Fatal(err)
	case refusal.Inner == "":
		return refusal.Code
	}
	return refusal.Inner
}

var (
	ann    = vault.Caller{Issuer: "corp", Subject: "ann", App: "app-1", Type: vault.UserCaller}
	pod    = vault.Caller{Issuer: "cluster", Subject: "system:serviceaccount:shop:web", Type: vault.AppCaller}
	client = vault.Caller{Issuer: vault.ClientIssuer, Subject: "6f2c0d3e-0000-4000-8000-000000000001", App: "6f2c0d3e-0000-4000-8000-000000000001", Name: "web-shop", Type: vault.AppCaller}
)

func inGroups(who vault.Caller, groups ...string) vault.Caller { who.Groups = groups; return who }

func withRoles(who vault.Caller, roles ...string) vault.Caller { who.Roles = roles; return who }

func TestWhoAnAssignmentIsTo(t *testing.T) {
	t.Parallel()
	guid := "5D1C0000-0000-4000-8000-00000000ABCD"
	table := tableOf(t, Settings{Assignments: []Assignment{
		{Role: "Key Vault Reader", To: Principal{Issuer: "corp", Subject: "ann"}, On: "/vaults/web"},
		{Role: "4633458b-17de-408a-b874-0445c86b69e6", To: Principal{Issuer: "corp", Group: guid}, On: "/vaults/web"},
		{Role: "key vault crypto user", To: Principal{Issuer: "corp", Role: "Signer"}, On: "/vaults/web"},
		{Role: "Key Vault Certificate User", To: Principal{Client: "web-shop"}, On: "/vaults/web/certificates/shop-*", With: []string{"secrets", "keys"}},
		{Role: "Certwright Operator", To: Principal{Issuer: "corp", Role: "certwright.admin"}, On: "/"},
	}}, Vault{Name: "web"}, Vault{Name: "Shop"})
	byID := client
	byID.Name = "renamed"
	stranger := ann
	stranger.Issuer = "cluster"
	named := ann
	named.Subject, named.Name = "bob", "ann"
	for _, c := range []struct {
		who      vault.Caller
		do       vault.Action
		on, want string
	}{
		{ann, "certificates/get", "web/certificates/x", "role Key Vault Reader for subject ann of corp on /vaults/web"},
		{ann, "certificates/list", "web/certificates", "role Key Vault Reader for subject ann of corp on /vaults/web"},
		{ann, "certificates/list", "shop/certificates", "ForbiddenByRbac"},
		{ann, "certificates/create", "web/certificates/x", "ForbiddenByRbac"},
		{stranger, "certificates/get", "web/certificates/x", "ForbiddenByRbac"}, // another issuer's ann
		{named, "certificates/get", "web/certificates/x", "ForbiddenByRbac"},    // nothing is decided by what one is called
		{vault.Caller{}, "certificates/get", "web/certificates/x", "ForbiddenByRbac"},
		{vault.Caller{Issuer: "corp"}, "certificates/get", "web/certificates/x", "ForbiddenByRbac"},
		{inGroups(ann, "a", strings.ToLower(guid)), "secrets/get", "web/secrets/x", "role Key Vault Secrets User for group " + guid + " of corp on /vaults/web"},
		{inGroups(ann, "a", guid), "secrets/get", "web/secrets/x", "role Key Vault Secrets User for group " + guid + " of corp on /vaults/web"},
		{inGroups(pod, guid), "secrets/get", "web/secrets/x", "ForbiddenByRbac"},
		{withRoles(ann, "Signer"), "keys/sign", "web/keys/x", "role Key Vault Crypto User for role Signer of corp on /vaults/web"},
		{withRoles(ann, "signer"), "keys/sign", "web/keys/x", "ForbiddenByRbac"},
		{inGroups(ann, "Signer"), "keys/sign", "web/keys/x", "ForbiddenByRbac"}, // a group is no role
		{client, "certificates/get", "web/certificates/Shop-1", "role Key Vault Certificate User for client web-shop on /vaults/web/certificates+keys+secrets/shop-*"},
		{client, "secrets/get", "web/secrets/shop-1", "role Key Vault Certificate User for client web-shop on /vaults/web/certificates+keys+secrets/shop-*"},
		{client, "keys/get", "web/keys/shop-", "role Key Vault Certificate User for client web-shop on /vaults/web/certificates+keys+secrets/shop-*"},
		{client, "secrets/get", "web/secrets/shop", "ForbiddenByRbac"},
		{client, "secrets/get", "shop/secrets/shop-1", "ForbiddenByRbac"},
		{client, "certificates/list", "web/certificates", "ForbiddenByRbac"}, // a list is of the whole vault
		{byID, "certificates/get", "web/certificates/shop-1", "ForbiddenByRbac"},
		{withRoles(ann, "certwright.admin"), ReadOperations, "", "role Certwright Operator for role certwright.admin of corp on /"},
		{withRoles(ann, "certwright.admin"), WriteOperations, "web/certificates/x", "role Certwright Operator for role certwright.admin of corp on /"},
		{withRoles(ann, "certwright.admin"), ReadAudit, "", "ForbiddenByRbac"},
		{withRoles(pod, "certwright.admin"), "secrets/get", "web/secrets/x", "ForbiddenByRbac"},
		{ann, "certificates/get", "nowhere/certificates/x", "VaultNotFound"},
		{ann, ReadOperations, "nowhere", "VaultNotFound"},
		{vault.Caller{Issuer: vault.RecoveryIssuer}, "secrets/get", "web/secrets/x", "the recovery token"},
		{vault.Caller{Issuer: vault.RecoveryIssuer}, WriteAccess, "", "the recovery token"},
	} {
		if got := answer(t, table, c.who, c.do, c.on); got != c.want {
			t.Errorf("%+v, %s on %s: %s, want %s", c.who, c.do, c.on, got, c.want)
		}
	}
	if _, err := table.Decide(t.Context(), ann, "certificates/fly", vault.Ref{Vault: "web"}); err == nil || errors.As(err, new(*vault.Error)) {
		t.Errorf("an unknown action: %v, want a fault", err)
	}
}

func TestRolesOfOnesOwn(t *testing.T) {
	t.Parallel()
	table := tableOf(t, Settings{
		Roles: map[string]Role{
			"Renewer":     {DataActions: []string{"microsoft.keyvault/vaults/certificates/READ", dataPrefix + "certificates/create/action", doorPrefix + "operations/*"}},
			"All but one": {DataActions: []string{"*"}, NotDataActions: []string{dataPrefix + "secrets/*", "*/purge/action", doorPrefix + "*"}},
		},
		Assignments: []Assignment{
			{Role: "renewer", To: Principal{Issuer: "corp", Subject: "ann"}, On: "/vaults/web"},
			{Role: "All but one", To: Principal{Issuer: "cluster", Subject: pod.Subject}, On: "/"},
		}}, Vault{Name: "web"})
	for _, c := range []struct {
		who vault.Caller
		do  vault.Action
		may bool
	}{
		{ann, "certificates/get", true}, {ann, "certificates/create", true}, {ann, "certificates/import", false}, {ann, "secrets/get", false},
		{ann, WriteOperations, true}, {ann, RevokeCertificates, false},
		{pod, "certificates/delete", true}, {pod, "certificates/purge", false}, {pod, "secrets/get", false}, {pod, "keys/rng", true}, {pod, ReadOperations, false},
	} {
		if got := answer(t, table, c.who, c.do, "web/certificates/x"); strings.HasPrefix(got, "role ") != c.may {
			t.Errorf("%s %s: %s", c.who.Subject, c.do, got)
		}
	}
	if got := answer(t, table, ann, ReadOperations, ""); got != "ForbiddenByRbac" {
		t.Errorf("what holds for a vault reaches the server: %s", got)
	}
}

func TestModelOfEachVault(t *testing.T) {
	t.Parallel()
	policy := Policy{Issuer: "corp", ObjectID: "ann", Permissions: Permissions{Secrets: []string{"get"}}}
	table := tableOf(t, Settings{
		Model:       "policy",
		Policies:    []Policy{policy, {Client: "web-shop", Permissions: Permissions{Certificates: []string{"list"}}}},
		Assignments: []Assignment{{Role: "Key Vault Administrator", To: Principal{Issuer: "cluster", Subject: pod.Subject}, On: "/"}, {Role: "Certwright Auditor", To: Principal{Issuer: "corp", Subject: "ann"}, On: "/"}},
	}, Vault{Name: "a"}, Vault{Name: "b", Access: VaultSettings{Model: "rbac", Policies: []Policy{policy},
		Assignments: []Assignment{{Role: "Key Vault Reader", To: Principal{Issuer: "corp", Group: "g"}}}}})
	for _, c := range []struct {
		who      vault.Caller
		do       vault.Action
		on, want string
	}{
		{ann, "secrets/get", "a/secrets/x", "access policy for object ann of corp on /vaults/a"},
		{ann, "secrets/get", "b/secrets/x", "ForbiddenByRbac"},
		{client, "certificates/list", "a/certificates", "access policy for client web-shop on /vaults/a"},
		{pod, "secrets/get", "a/secrets/x", "AccessDenied"},
		{pod, "secrets/get", "b/secrets/x", "role Key Vault Administrator for subject system:serviceaccount:shop:web of cluster on /"},
		{inGroups(ann, "g"), "keys/get", "b/keys/x", "role Key Vault Reader for group g of corp on /vaults/b"},
		{inGroups(ann, "g"), "keys/get", "a/keys/x", "AccessDenied"},
		{ann, ReadAudit, "", "role Certwright Auditor for subject ann of corp on /"},
		{ann, ReadOperations, "a/certificates/x", "role Certwright Auditor for subject ann of corp on /"},
	} {
		if got := answer(t, table, c.who, c.do, c.on); got != c.want {
			t.Errorf("%s, %s on %s: %s, want %s", c.who.Subject, c.do, c.on, got, c.want)
		}
	}
	want := []Row{
		{To: "subject system:serviceaccount:shop:web of cluster", Gives: "role Key Vault Administrator", On: "/"},
		{To: "subject ann of corp", Gives: "role Certwright Auditor", On: "/"},
		{To: "object ann of corp", Gives: "access policy secrets get", On: "/vaults/*"},
		{To: "client web-shop", Gives: "access policy certificates list", On: "/vaults/*"},
		{To: "group g of corp", Gives: "role Key Vault Reader", On: "/vaults/b"},
		{To: "object ann of corp", Gives: "access policy secrets get", On: "/vaults/b", Idle: "its vaults use roles"},
	}
	if diff := cmp.Diff(want, table.Rows()); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// A policy with an application is for users through it alone.
func TestCompoundIdentity(t *testing.T) {
	t.Parallel()
	table := tableOf(t, Settings{Model: "policy", Policies: []Policy{
		{Issuer: "corp", ObjectID: "ann", ApplicationID: "APP-1", Permissions: Permissions{Keys: []string{"sign"}}},
		{Issuer: "corp", ObjectID: "g", Permissions: Permissions{Keys: []string{"get"}}},
	}}, Vault{Name: "web"})
	app, other, unknown := ann, ann, ann
	app.Type, other.App, unknown.Type = vault.AppCaller, "app-2", ""
	for _, c := range []struct {
		who  vault.Caller
		do   vault.Action
		want string
	}{
		{ann, "keys/sign", "access policy for object ann of corp through application APP-1 on /vaults/web"},
		{app, "keys/sign", "ForbiddenByPolicy"},
		{unknown, "keys/sign", "ForbiddenByPolicy"},
		{other, "keys/sign", "AccessDenied"},
		{app, "keys/verify", "AccessDenied"},
		{inGroups(app, "g"), "keys/get", "access policy for object g of corp on /vaults/web"},
	} {
		if got := answer(t, table, c.who, c.do, "web/keys/x"); got != c.want {
			t.Errorf("%+v, %s: %s, want %s", c.who, c.do, got, c.want)
		}
	}
}

func TestFirewall(t *testing.T) {
	t.Parallel()
	table := tableOf(t, Settings{Assignments: []Assignment{{Role: "Key Vault Administrator", To: Principal{Issuer: "corp", Subject: "ann"}, On: "/"}, {Role: "Certwright Operator", To: Principal{Issuer: "corp", Subject: "ann"}, On: "/"}},
		Metrics: []string{"10.9.0.0/16"}},
		Vault{Name: "web", Network: Network{Default: "deny", Allow: []string{"10.0.0.0/8", "2001:db8::/32", "192.0.2.7", "::ffff:198.51.100.0/120"}}}, Vault{Name: "open"})
	for address, in := range map[string]bool{
		"10.1.2.3": true, "11.1.2.3": false, "::ffff:10.1.2.3": true, "2001:db8::1": true, "2001:db9::1": false, "2001:db8::1%eth0": true,
		"192.0.2.7": true, "192.0.2.8": false, "198.51.100.9": true, "": false,
	} {
		who := ann
		who.Address, _ = netip.ParseAddr(address)
		if got := answer(t, table, who, "keys/get", "web/keys/x"); (got == "ForbiddenByFirewall") == in {
			t.Errorf("from %q: %s", address, got)
		}
		if got := answer(t, table, who, "keys/get", "open/keys/x"); got == "ForbiddenByFirewall" {
			t.Errorf("from %q to the other vault: %s", address, got)
		}
		if got := answer(t, table, who, ReadOperations, "web/certificates/x"); !strings.HasPrefix(got, "role ") {
			t.Errorf("the side door from %q: %s", address, got)
		}
	}
	if got := answer(t, table, vault.Caller{Issuer: vault.RecoveryIssuer}, "keys/get", "web/keys/x"); got != "the recovery token" {
		t.Errorf("a wrong rule locks everybody out: %s", got)
	}
	if table.MetricsFrom(netip.MustParseAddr("127.0.0.1")) || !table.MetricsFrom(netip.MustParseAddr("10.9.1.1")) {
		t.Error("metrics are not read from where the configuration says")
	}
	usual := tableOf(t, Settings{}, Vault{Name: "web"})
	if !usual.MetricsFrom(netip.MustParseAddr("127.0.0.1")) || !usual.MetricsFrom(netip.MustParseAddr("::1")) || usual.MetricsFrom(netip.MustParseAddr("10.9.1.1")) || usual.MetricsFrom(netip.Addr{}) {
		t.Error("metrics are not read from this machine alone")
	}
}

// The texts are those that the service was seen to send, byte for byte.
func TestRefusals(t *testing.T) {
	t.Parallel()
	who := vault.Caller{Issuer: "corp", App: "a1b2", Subject: "c3d4", Address: netip.MustParseAddr("20.61.146.97"), Groups: []string{"g", "h"}}
	some := who
	some.Groups, some.MoreGroups = nil, true
	caller := "appid=a1b2;oid=c3d4;iss=" + tenant
	settings := Settings{Subscription: "11111111-2222-3333-4444-555555555555", ResourceGroup: "RG",
		Policies: []Policy{{Issuer: "corp", ObjectID: "c3d4", ApplicationID: "a1b2", Permissions: Permissions{Keys: []string{"sign"}}}}}
	table := tableOf(t, settings, Vault{Name: "KV"}, Vault{Name: "old", Access: VaultSettings{Model: "policy"}}, Vault{Name: "shut", Network: Network{Default: "deny"}})
	rbac := func(action, resource, vault string) string {
		text := "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\n" +
			"Caller: " + caller + "\r\nAction: '" + action + "'\r\nResource: '" + resource + "'\r\nAssignment: (not found)\r\nDenyAssignmentId: null\r\nDecisionReason: 'DeniedWithNoValidRBAC' \r\n"
		if vault != "" {
			text += "Vault: " + vault + ";location=lab\r\n"
		}
		return text
	}
	path := "/subscriptions/11111111-2222-3333-4444-555555555555/resourcegroups/rg/providers/microsoft.keyvault/vaults/kv"
	more := "The token leaves groups out because there are too many of them, so that only what is granted to the caller itself was looked at."
	for _, c := range []struct {
		who         vault.Caller
		do          vault.Action
		on          vault.Ref
		inner, text string
	}{
		{who, "secrets/get", vault.Ref{Vault: "kv", Kind: vault.Secrets, Name: "Name"}, "ForbiddenByRbac", rbac("Microsoft.KeyVault/vaults/secrets/getSecret/action", path+"/secrets/name", "kv")},
		{who, "secrets/list", vault.Ref{Vault: "kv", Kind: vault.Secrets}, "ForbiddenByRbac", rbac("Microsoft.KeyVault/vaults/secrets/readMetadata/action", path, "kv")},
		{who, "keys/wrapKey/public", vault.Ref{Vault: "kv", Kind: vault.Keys, Name: "k"}, "ForbiddenByRbac", rbac("Microsoft.KeyVault/vaults/keys/wrap/action", path+"/keys/k", "kv")},
		{some, "keys/get", vault.Ref{Vault: "kv", Kind: vault.Keys, Name: "k"}, "ForbiddenByRbac", rbac("Microsoft.KeyVault/vaults/keys/read", path+"/keys/k", "kv") + "Groups: " + more + "\r\n"},
		{who, ReadAudit, vault.Ref{}, "ForbiddenByRbac", rbac("Certwright/audit/read", "/", "")},
		{who, "secrets/list", vault.Ref{Vault: "old", Kind: vault.Secrets}, "AccessDenied", "The user, group or application 'appid=a1b2;oid=c3d4;numgroups=2;iss=" + tenant + "' does not have secrets list permission on key vault 'old;location=lab'. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287"},
		{some, "certificates/setissuers", vault.Ref{Vault: "old", Kind: vault.Certificates}, "AccessDenied", "The user, group or application '" + caller + "' does not have certificates setissuers permission on key vault 'old;location=lab'. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287. " + more},
		{who, "keys/sign", vault.Ref{Vault: "old", Kind: vault.Keys, Name: "k"}, "ForbiddenByPolicy", "The policy requires the caller '" + caller + "' to use on-behalf-of (OBO) flow. For more information on OBO, please see https://go.microsoft.com/fwlink/?linkid=2152310"},
		{who, "keys/sign", vault.Ref{Vault: "shut", Kind: vault.Keys, Name: "k"}, "ForbiddenByFirewall", "Client address is not authorized and caller is not a trusted service.\r\nClient address: 20.61.146.97\r\nCaller: " + caller + "\r\nVault: shut;location=lab"},
	} {
		_, err := table.Decide(t.Context(), c.who, c.do, c.on)
		want := &vault.Error{Reason: vault.Denied, Code: "Forbidden", Inner: c.inner, Message: c.text}
		if diff := cmp.Diff(want, err); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.do, diff)
		}
	}
}
