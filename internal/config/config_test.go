package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/notify"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

// parse reads a configuration beside which no files are meant.
func parse(text []byte) (Config, error) { return Parse(text, ".") }

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := parse([]byte(`
listen: 0.0.0.0:8443
http: 127.0.0.1:8080
data: /var/lib/certwright
ephemeral: true
default_vault: web
tenant: contoso
region: westus
retry_after: 10s
hosts: [box.example]
vaults:
  - name: web
    soft_delete_days: 7
    purge_protection: true
    sku: standard
  - {name: mail}
providers:
  DigiCert: {kind: scripted}
`))
	want := Config{
		Listen: "0.0.0.0:8443", HTTP: "127.0.0.1:8080", Data: "/var/lib/certwright", Ephemeral: true,
		DefaultVault: "web", Tenant: "contoso", Region: "westus", RetryAfter: 10 * time.Second, Hosts: []string{"box.example"},
		Vaults:    []Vault{{Name: "web", SoftDeleteDays: 7, PurgeProtection: true, SKU: "standard"}, {Name: "mail"}},
		Providers: map[string]Provider{"DigiCert": {Kind: "scripted", Settings: &Scripted{}}},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Fatalf("%v (-want +got):\n%s", err, diff)
	}
	if err := got.Check(); err != nil {
		t.Error(err)
	}
	for _, empty := range []string{"", "\n", "# nothing\n", "---\n", "null\n"} {
		if got, err := parse([]byte(empty)); err != nil || !reflect.DeepEqual(got, Config{}) {
			t.Errorf("%q: %+v, %v", empty, got, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"listen: a:1\nlissten: b:2\n":                          "line 2: unknown setting \"lissten\"\nhint: did you mean listen?",
		"retry-after: 1s\n":                                    "line 1: unknown setting \"retry-after\"\nhint: did you mean retry_after?",
		"colour: red\n":                                        "line 1: unknown setting \"colour\"\nhint: use one of listen, http, proxy, data,",
		"vaults:\n  - name: a\n    softdelete_days: 7\n":       "line 3: vaults: unknown setting \"softdelete_days\"\nhint: did you mean soft_delete_days?",
		"providers:\n  Test: {knd: scripted}\n":                "line 2: providers: Test: unknown setting \"knd\"\nhint: did you mean kind?",
		"smtp: {hots: x}\n":                                    "line 1: smtp: unknown setting \"hots\"\nhint: did you mean host?",
		"events:\n  - url: https://a.example\n    secret: x\n": "line 3: events: unknown setting \"secret\"\nhint: use one of name, url,",
		"renew_spread: often\n":                                "line 1: renew_spread: \"often\" is invalid: use a duration, as in",
		"- a\n":                                                "line 1: the file must hold keys and values",
		"just text\n":                                          "line 1: the file must hold keys and values",
		"ephemeral: maybe\n":                                   "line 1: ephemeral: \"maybe\" is invalid: write true or false",
		"retry_after: soon\n":                                  "line 1: retry_after: ",
		"vaults: web\n":                                        "line 1: vaults: \"web\" is invalid: write a list",
		"vaults: {name: web}\n":                                "line 1: vaults: a mapping is invalid: write a list",
		"renew_spread: 6\n":                                    "line 1: renew_spread: \"6\" is invalid: use a duration, as in",
		"smtp: mail\n":                                         "line 1: smtp: \"mail\" is invalid: write keys and values",
		"listen: [a]\n":                                        "line 1: listen: a list is invalid: write a text",
		"vaults:\n  - name: a\n    soft_delete_days: many\n": "line 3: vaults: soft_delete_days: \"many\" is invalid: write a whole number",
		"listen: [\n":                                           "line ",
		"listen: a:1\nlisten: b:2\n":                            "line 2: \"listen\" is set twice",
		"\tlisten: a:1\n":                                       "line 1: this is not YAML: ",
		"listen: a:1\n---\ndata: x\n":                           "line ",
		"vaults: &a\n  - name: x\nhosts: *b\n":                  "line ",
		"providers:\n  P: {kind: scripted, directory: 'x'}\n":   "line 2: providers: P: unknown setting \"directory\"",
		"providers:\n  P: {kind: {kind: acme}, directory: x}\n": "line 2: providers: P: ",
	} {
		if c, err := parse([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q:\ngot  %v (%+v)\nwant %s", text, err, c, want)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	if err := (Config{}).Check(); err != nil {
		t.Errorf("the defaults are refused: %v", err)
	}
	played := Provider{Kind: "scripted", Settings: &Scripted{}}
	for want, c := range map[string]Config{
		"listen: \"8443\" is not a host:port":                        {Listen: "8443"},
		"http: \"x\" is not a host:port":                             {HTTP: "x"},
		"proxy: \"0.0.0.0:3128\" is not a host:port of this machine": {Proxy: "0.0.0.0:3128"},
		"proxy: \":3128\" is not a host:port of this machine alone":  {Proxy: ":3128"},
		"proxy: \"192.0.2.1:0\" is not a host:port of this machine":  {Proxy: "192.0.2.1:0"},
		"proxy: \"127.0.0.1\" is not a host:port of this machine":    {Proxy: "127.0.0.1"},
		"default_vault: \"a_b\" is not a valid vault name":           {DefaultVault: "a_b"},
		"tenant: \"a/b\" must be made of":                            {Tenant: "a/b"},
		"region: \"a\\nb\" must be made of":                          {Region: "a\nb"},
		"retry_after: 1.5s must be whole seconds from 1s to 1h":      {RetryAfter: 1500 * time.Millisecond},
		"retry_after: -1s must be whole seconds":                     {RetryAfter: -time.Second},
		"vaults: \"\" is not a valid vault name":                     {Vaults: []Vault{{}}},
		"vaults: web is there twice":                                 {Vaults: []Vault{{Name: "web"}, {Name: "WEB"}}},
		"vaults: soft_delete_days of web is 6; it must be 7 to":      {Vaults: []Vault{{Name: "web", SoftDeleteDays: 6}}},
		"vaults: soft_delete_days of web is 91; it must be 7 to":     {Vaults: []Vault{{Name: "web", SoftDeleteDays: 91}}},
		"vaults: sku of web is \"gold\"; it must be premium, sta":    {Vaults: []Vault{{Name: "web", SKU: "gold"}}},
		"near_expiry_days is -1; it must be 1 to 3650":               {NearExpiryDays: -1},
		"renew_spread is -1ns; it must be 0s to 720h0m0s":            {RenewSpread: -1},
		"vaults: max_versions of web is 1001; it must be 1 to":       {Vaults: []Vault{{Name: "web", MaxVersions: 1001}}},
		"vaults: quota: keys of web is -1; it must be 1 to 100000":   {Vaults: []Vault{{Name: "web", Quota: Quota{Keys: -1}}}},
		"vaults: near_expiry_days of web is 3651; it must be":        {Vaults: []Vault{{Name: "web", NearExpiryDays: 3651}}},
		"vaults: renew_spread of web is 721h0m0s; it must":           {Vaults: []Vault{{Name: "web", RenewSpread: 721 * time.Hour}}},
		"renew_floor is 1ms; it must be 1s to 8760h0m0s, or 0s":      {RenewFloor: time.Millisecond},
		"renew_floor_percent is 51; it must be 1 to 50, or 0 for":    {RenewFloorPercent: 51},
		"smtp: host: is missing; write the mail server":              {Notices: notify.Settings{SMTP: &notify.MailSettings{From: "a@b.example"}}},
		"events: item 1: url: ":                                      {Notices: notify.Settings{Events: []notify.WebhookSettings{{URL: "ftp://a"}}}},
		"hosts: \"*\" is neither a host name nor *. and one":         {Hosts: []string{"box.example.org", "*"}},
		"hosts: \"box:8443\" is neither a host name":                 {Hosts: []string{"*.example.org", "box:8443"}},
		"providers: Test has no kind; use one of ":                   {Providers: map[string]Provider{"Test": {}}},
		"providers: Test has the unknown kind \"adcs\"; use one of ": {Providers: map[string]Provider{"Test": {Kind: "adcs"}}},
		"providers: Test has no settings of kind scripted":           {Providers: map[string]Provider{"Test": {Kind: "scripted"}}},
		"providers: \"a/b\" must be 1 to 64 letters, digits, '-',":   {Providers: map[string]Provider{"a/b": played}},
		"providers: TEST and Test are one name: case does not":       {Providers: map[string]Provider{"Test": played, "TEST": played}},
	} {
		if err := c.Check(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s...", err, want)
		}
	}
	both := Config{Listen: "x", HTTP: "y"}
	if err := both.Check(); err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("two faults are reported as %v", err)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	s := Config{Vaults: []Vault{{Name: "Web", SoftDeleteDays: 7, PurgeProtection: true, SKU: "standard", NearExpiryDays: 7},
		{Name: "mail", SKU: "premium", RenewSpread: time.Minute, MaxVersions: 5, Quota: Quota{Certificates: 1, Keys: 2, Secrets: 3}}}, NearExpiryDays: 60, RenewSpread: time.Hour,
		RenewFloor: 48 * time.Hour, RenewFloorPercent: 20}.VaultSettings()
	for name, want := range map[string]vault.Settings{
		"web": {Name: "web", SoftDeleteDays: 7, PurgeProtection: true, NearExpiry: 7 * day, RenewSpread: time.Hour, RenewFloor: 2 * day, RenewShare: 20},
		"mail": {Name: "mail", SoftDeleteDays: 90, Premium: true, NearExpiry: 60 * day, RenewSpread: time.Minute, RenewFloor: 2 * day, RenewShare: 20,
			MaxVersions: 5, Quota: vault.Quota{Certificates: 1, Keys: 2, Secrets: 3}},
		"other": {Name: "other", SoftDeleteDays: 90, Premium: true, NearExpiry: 60 * day, RenewSpread: time.Hour, RenewFloor: 2 * day, RenewShare: 20},
	} {
		if diff := cmp.Diff(want, s(name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Nobody configured it: the usual floor, and percentages as written, as tests need them.
func TestUsualFloor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		config    Config
		asWritten bool
	}{{Config{}, true}, {Config{RenewFloor: time.Hour}, false}, {Config{RenewFloorPercent: 5}, false}} {
		if got := c.config.VaultSettings()("web"); got.AsWritten != c.asWritten || got.RenewFloor != c.config.RenewFloor || got.RenewShare != c.config.RenewFloorPercent {
			t.Errorf("%+v gives %+v", c.config, got)
		}
	}
}

func TestReadNamesTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "c.yaml")
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("missing: %v", err)
	}
	must.Do(t, os.WriteFile(path, []byte("a: b\n"), 0o600))
	if _, err := Read(path); err == nil || !strings.HasPrefix(err.Error(), path+": line 1: ") {
		t.Errorf("wrong: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"listen: a:1\n", "vaults: [{name: a}]", "providers: {A: {kind: scripted}}", "&a [*a]", "a: &x {<<: *x}", "%YAML 1.1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parse(text)
		if err == nil {
			_ = c.Check()
		}
	})
}
