package openbao

import (
	"errors"
	"strings"
	"testing"

	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	good := Settings{Address: "https://bao.example.org:8200", Role: "web"}
	for name, c := range map[string]struct {
		change func(*Settings)
		want   string // "" is fine
	}{
		"the least": {func(*Settings) {}, ""},
		"everything": {func(s *Settings) {
			s.Namespace, s.Mount, s.Roles, s.AppRoleMount = "team/web", "pki/int-2", []string{"a.b-c_d"}, "approle2"
		}, ""},
		"http here":           {func(s *Settings) { s.Address = "http://127.0.0.1:8200" }, ""},
		"http elsewhere":      {func(s *Settings) { s.Address = "http://bao:8200" }, "address: "},
		"no address":          {func(s *Settings) { s.Address = "" }, "address is missing"},
		"no role":             {func(s *Settings) { s.Role = "" }, "role is missing"},
		"a role with a slash": {func(s *Settings) { s.Role = "../sys" }, "role and roles: "},
		"another such role":   {func(s *Settings) { s.Roles = []string{"ok", "a/b"} }, "role and roles: "},
		"a mount upwards":     {func(s *Settings) { s.Mount = "../sys" }, "mount: "},
		"a mount with slash":  {func(s *Settings) { s.Mount = "/pki/" }, "mount: "},
		"AppRole's mount":     {func(s *Settings) { s.AppRoleMount = "a?b" }, "approle_mount: "},
		"a namespace":         {func(s *Settings) { s.Namespace = "a b" }, "namespace: "},
	} {
		s := good
		c.change(&s)
		err := errors.Join(s.Check()...)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestNewReadsTheFilesThatAreNamed(t *testing.T) {
	t.Parallel()
	good := Settings{Address: "https://bao.example.org:8200", Role: "web"}
	for name, change := range map[string]func(*Settings){
		"no bundle":       func(s *Settings) { s.CABundle = "/nowhere/bundle.pem" },
		"an empty bundle": func(s *Settings) { s.CABundle = file(t, "b", nil) },
		"no token file":   func(s *Settings) { s.TokenFile = "/nowhere/token" },
		"an empty token":  func(s *Settings) { s.TokenFile = file(t, "t", []byte("\n")) },
		"two tokens":      func(s *Settings) { s.TokenFile = file(t, "t", []byte("a\nb")) },
	} {
		s := good
		change(&s)
		if _, err := New(s); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := New(good); err != nil {
		t.Error(err)
	}
}

func TestValidateIssuer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, id, password, role, tokenFile, want string
	}{
		{"AppRole", "role-id", "secret-id", "", "", ""},
		{"a token", "", "s.x", "", "", ""},
		{"the server's token", "", "", "", "token", ""},
		{"another role", "", "s.x", "mail", "", ""},
		{"a role not on offer", "", "s.x", "admin", "", `org_details.id: the role "admin" is not one that this provider offers (web, mail).`},
		{"a role in other letters", "", "s.x", "MAIL", "", `org_details.id: the role "MAIL" is not one that this provider offers (web, mail).`},
		{"half an AppRole", "role-id", "", "", "token", "credentials.pwd is missing: with credentials.account_id, which is an AppRole's role id, it is the secret id."},
		{"nothing", "", "", "", "", "credentials are missing: pwd alone is a token; account_id and pwd are the role id and secret id of an AppRole."},
	} {
		i := &Issuer{Settings: Settings{Role: "web", Roles: []string{"mail"}, TokenFile: c.tokenFile}}
		cfg := vault.IssuerConfig{Organization: &vault.Organization{ID: c.role}}
		if c.id+c.password != "" {
			cfg.Credentials = &vault.Credentials{AccountID: c.id, Password: vault.Sealed(c.password)}
		}
		err := i.ValidateIssuer(cfg)
		var refusal *vault.Error
		if c.want == "" && err != nil || c.want != "" && (!errors.As(err, &refusal) || refusal.Message != c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestValidatePolicy(t *testing.T) {
	t.Parallel()
	for curve, ok := range map[vault.Curve]bool{"": true, vault.P256: true, vault.P384: true, vault.P521: true, vault.P256K: false} {
		if err := (&Issuer{}).ValidatePolicy(vault.IssuerConfig{}, vault.Policy{Key: vault.KeyProps{Curve: curve}}); (err == nil) != ok {
			t.Errorf("%s: %v, want allowed %v", curve, err, ok)
		}
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                  "",
		"permission denied": "permission denied",
		"1 error occurred:\n\t* permission denied\n\n": "permission denied",
		"2 errors occurred:\n\t* a\n\t* b\n\n":         "a; b",
		"csr:\n\t* is no error list":                   "csr: * is no error list",
		"a\x00b\nc":                                    "a\x00b c",
		strings.Repeat("x", 2000):                      strings.Repeat("x", 1000) + " ...",
	} {
		if diff := cmp.Diff(want, plain(text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func FuzzReadChain(f *testing.F) {
	f.Add([]byte(`{"certificate":"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----","ca_chain":[]}`))
	f.Add([]byte(`{"certificate":1}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		chain, err := readChain(data)
		if (err == nil) != (len(chain) > 0) {
			t.Errorf("%d certificates and %v", len(chain), err)
		}
		for _, c := range chain {
			_ = serial(c)
		}
	})
}

func FuzzPlain(f *testing.F) {
	f.Add("1 error occurred:\n\t* permission denied\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		if got := plain(text); strings.ContainsAny(got, "\n\r") || len(got) > longest+4 {
			t.Errorf("%q became %q", text, got)
		}
	})
}
