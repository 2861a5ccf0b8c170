package auth

import (
	"encoding/base64"
	"errors"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"certwright/internal/vault"
)

// The bytes of docs/contract/connecting.md: a change here breaks an SDK.
func TestChallengeBytes(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"myvault.vault.localhost:8443":  `Bearer authorization="https://myvault.vault.localhost:8443/adfs", resource="https://vault.localhost:8443"`,
		"myvault.localhost:8443":        `Bearer authorization="https://myvault.localhost:8443/adfs", resource="https://localhost:8443"`,
		"myvault.vault.azure.net":       `Bearer authorization="https://myvault.vault.azure.net/adfs", resource="https://vault.azure.net"`,
		"myvault.vault.azure.net:443":   `Bearer authorization="https://myvault.vault.azure.net:443/adfs", resource="https://vault.azure.net:443"`,
		"kv.ns.svc:8443":                `Bearer authorization="https://kv.ns.svc:8443/adfs", resource="https://ns.svc:8443"`,
		"127.0.0.1:8443":                `Bearer authorization="https://127.0.0.1:8443/adfs", resource="kv://0.0.1:8443"`,
		"10.1.2.3":                      `Bearer authorization="https://10.1.2.3/adfs", resource="kv://1.2.3"`,
		"[::1]:8443":                    `Bearer authorization="https://[::1]:8443/adfs", resource="https://[::1]:8443"`,
		"[::ffff:127.0.0.1]:8443":       `Bearer authorization="https://[::ffff:127.0.0.1]:8443/adfs", resource="https://[::ffff:127.0.0.1]:8443"`,
		"[::1]":                         `Bearer authorization="https://[::1]/adfs", resource="https://[::1]"`,
		"localhost:8443":                `Bearer authorization="https://localhost:8443/adfs", resource="https://localhost:8443"`,
		"localhost":                     `Bearer authorization="https://localhost/adfs", resource="https://localhost"`,
		"MyVault.Vault.Localhost:8443":  `Bearer authorization="https://MyVault.Vault.Localhost:8443/adfs", resource="https://Vault.Localhost:8443"`,
		"web.":                          `Bearer authorization="https://web./adfs", resource="https://web."`,
		`a"b.vault.localhost:8443`:      `Bearer authorization="https://localhost/adfs", resource="https://localhost"`,
		"a,b=c.vault.localhost":         `Bearer authorization="https://localhost/adfs", resource="https://localhost"`,
		"":                              `Bearer authorization="https://localhost/adfs", resource="https://localhost"`,
		strings.Repeat("a", 301) + ".b": `Bearer authorization="https://localhost/adfs", resource="https://localhost"`,
	} {
		if diff := cmp.Diff(want, Authenticator{}.Challenge(host)); diff != "" {
			t.Errorf("challenge for %q (-want +got):\n%s", host, diff)
		}
	}
}

func TestChallengeNamesTheTenant(t *testing.T) {
	t.Parallel()
	got := Authenticator{Tenant: "contoso"}.Challenge("web.vault.localhost")
	want := `Bearer authorization="https://web.vault.localhost/contoso", resource="https://vault.localhost"`
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What the SDKs compute from the challenge, written as they write it, so that
// the table above is known to pass their checks.
func TestChallengePassesTheClientsChecks(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"web.vault.localhost:8443", "web.vault.azure.net", "127.0.0.1:8443", "kv.ns.svc"} {
		got := Authenticator{}.Challenge(host)
		parts := strings.Split(got, " ") // Go splits on the space
		if len(parts) != 3 || parts[0] != "Bearer" {
			t.Fatalf("%q does not split in three", got)
		}
		authority := strings.Trim(strings.TrimSuffix(parts[1], ","), `"`)
		if tenant := strings.Split(authority, "/")[3]; tenant != DefaultTenant {
			t.Errorf("%s: tenant %q", host, tenant)
		}
		_, scope, _ := strings.Cut(strings.Trim(parts[2], `"`), `"`)
		_, scopeHost, ok := strings.Cut(scope, "://")
		if !ok || !strings.HasSuffix(host, "."+scopeHost) {
			t.Errorf("%s: a client that looks for %q at its end refuses", host, "."+scopeHost)
		}
	}
}

func TestVaultName(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"web.vault.localhost:8443": "web",
		"WEB.vault.azure.net":      "web",
		"web.vault.azure.net:443":  "web",
		"web:8443":                 "web",
		"web.":                     "web",
		"localhost":                "default",
		"LocalHost:8443":           "default",
		"localhost.":               "default",
		"127.0.0.1:8443":           "default",
		"127.0.0.2":                "default",
		"[::1]:8443":               "default",
		"[::1]":                    "default",
		"a-1.x":                    "a-1",
	} {
		if got, err := (Authenticator{}).VaultName(host); err != nil || got != want {
			t.Errorf("VaultName(%q) = %q, %v, want %q", host, got, err, want)
		}
	}
	if got, _ := (Authenticator{Vault: "web"}).VaultName("127.0.0.1:1"); got != "web" {
		t.Errorf("an IP address means %q, want the configured vault", got)
	}
	for _, host := range []string{"", ":8443", ".x", "a_b.x", "[::1", strings.Repeat("a", 64) + ".x", "ä.x"} {
		var refusal *vault.Error
		if _, err := (Authenticator{}).VaultName(host); !errors.As(err, &refusal) || refusal.Reason != vault.Invalid {
			t.Errorf("VaultName(%q): %v, want a 400", host, err)
		}
	}
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	jwt := func(claims string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	}
	anonymous := vault.Caller{Subject: Anonymous}
	for _, c := range []struct {
		name    string
		headers []string
		want    vault.Caller
		refused bool
	}{
		{name: "no header", refused: true},
		{name: "empty", headers: []string{""}, refused: true},
		{name: "scheme only", headers: []string{"Bearer"}, refused: true},
		{name: "empty token", headers: []string{"Bearer "}, refused: true},
		{name: "padding only", headers: []string{"Bearer =="}, refused: true},
		{name: "basic", headers: []string{"Basic eDp5"}, refused: true},
		{name: "inner space", headers: []string{"Bearer a b"}, refused: true},
		{name: "quotes", headers: []string{`Bearer "a"`}, refused: true},
		{name: "padding inside", headers: []string{"Bearer a=b"}, refused: true},
		{name: "two headers", headers: []string{"Bearer a", "Bearer b"}, refused: true},
		{name: "opaque", headers: []string{"Bearer x"}, want: anonymous},
		{name: "lower-case scheme", headers: []string{"bearer a.b-c_d~e+f/g=="}, want: anonymous},
		{name: "not quite a jwt", headers: []string{"Bearer a.b.c"}, want: anonymous},
		{name: "claims of odd types", headers: []string{"Bearer " + jwt(`{"tid":7}`)}, want: anonymous},
		{name: "v1", headers: []string{"Bearer " + jwt(`{"tid":"t","oid":"o","sub":"s","appid":"a","groups":["g"],"roles":["r"]}`)},
			want: vault.Caller{Tenant: "t", Subject: "o", App: "a", Groups: []string{"g"}, Roles: []string{"r"}}},
		{name: "v2", headers: []string{"Bearer " + jwt(`{"sub":"s","azp":"a"}`)}, want: vault.Caller{Subject: "s", App: "a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("POST", "https://web.vault.localhost/certificates/a/create", nil)
			r.Header["Authorization"] = c.headers
			got, err := Authenticator{}.Authenticate(r)
			var refusal *vault.Error
			if c.refused {
				if !errors.As(err, &refusal) || *refusal != *vault.NoToken() {
					t.Fatalf("got %v, want the refusal of a missing token", err)
				}
				return
			}
			if diff := cmp.Diff(c.want, got, cmpopts.EquateComparable(netip.Addr{})); err != nil || diff != "" {
				t.Errorf("err %v, caller (-want +got):\n%s", err, diff)
			}
		})
	}
}

func FuzzDoor(f *testing.F) {
	for _, s := range []string{"web.vault.localhost:8443", "[::1]:1", "127.0.0.1", ":", "[", "]:"} {
		f.Add(s, "Bearer a.b.c")
	}
	f.Fuzz(func(t *testing.T, host, header string) {
		got := Authenticator{}.Challenge(host)
		if strings.Count(got, `"`) != 4 || strings.Count(got, "=") != 2 || strings.Count(got, ",") != 1 || strings.Count(got, " ") != 2 {
			t.Errorf("challenge %q for host %q has another shape", got, host)
		}
		if name, err := (Authenticator{}).VaultName(host); err == nil && (vault.CheckVaultName(name) != nil || name != strings.ToLower(name)) {
			t.Errorf("host %q means the vault %q", host, name)
		}
		bearer([]string{header})
		callerOf(header)
	})
}
