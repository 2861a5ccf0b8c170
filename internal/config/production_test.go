package config

import (
	"strings"
	"testing"
	"time"

	"certwright/internal/auth"
	"certwright/internal/must"
	"certwright/internal/trust"
)

// production is a configuration that a production server takes.
func production() Config {
	return Config{Production: true, Data: "/data", Vaults: []Vault{{Name: "web"}, {Name: "shop"}}, TLS: trust.Settings{Cert: "/c", Key: "/k"},
		Auth: Auth{Settings: auth.Settings{Issuers: []auth.IssuerSettings{{Name: "corp", Entra: "contoso"}}}}}
}

// Whatever would leave a production server open, or is of a development server,
// has its own sentence and a way out.
func TestProductionIsClosed(t *testing.T) {
	t.Parallel()
	if err := production().Check(); err != nil {
		t.Fatalf("it is refused: %v", err)
	}
	for want, change := range map[string]func(*Config){
		"ephemeral: a production server keeps what it acknowledged\nhint: ":        func(c *Config) { c.Ephemeral = true },
		"data: the data folder is not set\nhint: ":                                 func(c *Config) { c.Data = "" },
		"proxy: the proxy for Azure's names is for development":                    func(c *Config) { c.Proxy = "127.0.0.1:0" },
		"vaults: none is declared":                                                 func(c *Config) { c.Vaults = nil },
		"tls: there is no certificate for the https listener\nhint: ":              func(c *Config) { c.TLS = trust.Settings{} },
		"tls: cert and key belong together":                                        func(c *Config) { c.TLS.Key = "" },
		"tls: name cert and key, or vault and certificate":                         func(c *Config) { c.TLS.Vault = "web" },
		"tls: vault and certificate belong together":                               func(c *Config) { c.TLS = trust.Settings{Vault: "web"} },
		"tls: vault other is not declared\nhint: ":                                 func(c *Config) { c.TLS = trust.Settings{Vault: "other", Certificate: "front"} },
		"tls: certificate: \"a/b\" is not a valid name":                            func(c *Config) { c.TLS = trust.Settings{Vault: "web", Certificate: "a/b"} },
		"store: it is neither sqlite nor the URL of a PostgreSQL database\nhint: ": func(c *Config) { c.Store = "mysql://db/x" },
		"cache: it is for servers that share a PostgreSQL database; ":              func(c *Config) { c.Cache = "1s" },
		"cache: \"2s\" is neither strict nor 1s\nhint: ":                           func(c *Config) { c.Cache, c.Store = "2s", "postgres://db/x" },
		"drain is 11m0s; it must be 0s to 10m0s\nhint: ":                           func(c *Config) { c.Drain = new(11 * time.Minute) },
		"drain is -1s; ": func(c *Config) { c.Drain = new(-time.Second) },
		"store: the URL of the database is invalid: ":          func(c *Config) { c.Store = "postgres://db:port/x" },
		"default_vault: default is not declared\nhint: ":       func(c *Config) { c.DefaultVault = "default" },
		"auth: there is nobody whose tokens are taken\nhint: ": func(c *Config) { c.Auth = Auth{} },
		"auth: issuers: corp: audiences: is missing":           func(c *Config) { c.Auth.Issuers[0] = auth.IssuerSettings{Name: "corp", URL: "https://a.example"} },
		"auth: leeway is 6m0s":                                 func(c *Config) { c.Auth.Leeway = 6 * time.Minute },
		"log: level: \"loud\" is unknown":                      func(c *Config) { c.Log.Level = "loud" },
		"log: format: \"xml\" is unknown":                      func(c *Config) { c.Log.Format = "xml" },
		"trusted_proxies: \"0.0.0.0/0\" is everybody":          func(c *Config) { c.TrustedProxies = []string{"0.0.0.0/0"} },
		"trusted_proxies: \"10.0.0.0/99\" is neither":          func(c *Config) { c.TrustedProxies = []string{"10.0.0.7", "10.0.0.0/99"} },
		"providers: Test: the scripted issuer signs whatever":  func(c *Config) { c.Providers = map[string]Provider{"Test": {Kind: "scripted", Settings: &Scripted{}}} },
	} {
		c := production()
		change(&c)
		if err := c.Check(); err == nil || !strings.Contains("\n"+err.Error(), "\n"+want) {
			t.Errorf("got %v, want %s...", err, want)
		}
	}
}

// What only a production server has is refused by dev, where it would be
// believed and not be there.
func TestServeSettingsInDev(t *testing.T) {
	t.Parallel()
	for key, c := range map[string]Config{"auth": {Auth: Auth{Settings: auth.Settings{Leeway: time.Second}}}, "tls": {TLS: trust.Settings{Cert: "/c", Key: "/k"}}, "trusted_proxies": {TrustedProxies: []string{"10.0.0.7"}}} {
		if err := c.Check(); err == nil || !strings.HasPrefix(err.Error(), key+": this is a setting of certwright serve") || !strings.Contains(err.Error(), "\nhint: ") {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// A server that others stand beside has its balancer notice that it ends, unless the
// configuration says how long.
func TestDrainTime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"": 0, "store: sqlite": 0, "drain: 20s": 20 * time.Second, "store: postgres://db/x": 5 * time.Second,
		"store: postgres://db/x\ndrain: 0s": 0, "store: postgres://db/x\ndrain: null": 5 * time.Second, "store: postgres://db/x\ndrain: 1m": time.Minute,
	} {
		c, err := parse([]byte(text))
		must.Do(t, err)
		c.Production = true
		if got := c.DrainTime(); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	if _, err := parse([]byte("drain: long")); err == nil || !strings.Contains(err.Error(), "line 1: drain: \"long\" is invalid: use a duration") {
		t.Errorf("drain: long: %v", err)
	}
	if c := (Config{Drain: new(time.Second)}); c.Check() == nil {
		t.Error("dev takes drain")
	}
}

// A production server does as the service does, and as renewals need it.
func TestProductionDefaults(t *testing.T) {
	t.Parallel()
	c := production().WithDefaults()
	if c.RetryAfter != 10*time.Second || c.DefaultVault != "web" || !c.StrictProviders {
		t.Errorf("%+v", c)
	}
	if v := c.VaultSettings()("web"); v.AsWritten || v.RenewFloor != day || v.RenewShare != 10 {
		t.Errorf("renewals have no floor: %+v", v)
	}
	if !c.Declared("SHOP") || c.Declared("other") || !(Config{}).Declared("other") {
		t.Error("which vaults there are is not told right")
	}
	c = production()
	c.RetryAfter, c.RenewFloor, c.DefaultVault = time.Second, time.Hour, "shop"
	if c = c.WithDefaults(); c.RetryAfter != time.Second || c.RenewFloor != time.Hour || c.DefaultVault != "shop" {
		t.Errorf("what was set is not kept: %+v", c)
	}
}
