package config

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"sort"
	"strings"
	"time"

	"certwright/internal/access"
	"certwright/internal/audit"
	"certwright/internal/auth"
	"certwright/internal/notify"
	"certwright/internal/outbound"
	"certwright/internal/seal"
	"certwright/internal/setting"
	"certwright/internal/trust"
	"certwright/internal/vault"
)

// Config is everything that an operator may set. Fields gives each its key in
// the configuration file; a scalar is also a flag of that name and an
// environment variable CERTWRIGHT_NAME.
type Config struct {
	Production bool // set by certwright serve, never by the file: sign-in, permissions, declared vaults, nothing of dev

	Listen       string        // the https listener for vaults; port 0 picks one
	HTTP         string        // the plain http side door; port 0 picks one
	Proxy        string        // the listener for programs with Azure's names built in, loopback only; "" for none
	Data         string        // the data folder; "" is the user's own
	Ephemeral    bool          // a temporary data folder, removed at the end; Data is not used
	DefaultVault string        // the vault that localhost and IP addresses mean
	Tenant       string        // the tenant that the challenge names
	Region       string        // shown in x-ms-keyvault-region
	RetryAfter   time.Duration // what Retry-After says of an operation in progress; whole seconds

	NearExpiryDays int           // how many days before its expiry an object is told to be near it; 0 means 30
	RenewSpread    time.Duration // renewals are put off by up to this, so that they do not all come at once

	RenewFloor        time.Duration // a name renews by itself at most once in this time; 0 means 24h
	RenewFloorPercent int           // and once in this part of its lifetime; 0 means 10

	Hosts           []string            // names to be called by beside the local ones; *.example.org is all below it
	Vaults          []Vault             // vaults that differ from the usual settings
	StrictProviders bool                // refuse providers that are not named, instead of playing them
	Providers       map[string]Provider // what an issuer's provider means here; scripted where not named

	Keyset  seal.Settings   // what wraps the data keys: a file, a server, a program
	Notices notify.Settings // who is told what happened: smtp and events; nobody where they are not there

	// Of a production server alone; serveNodes gives each its key.
	Store          string         // "sqlite", which "" means, or the URL of a PostgreSQL database, which several servers may share
	Cache          string         // how old an answer may be where servers share the database: CacheStrict, which "" means, or CacheSecond
	Drain          *time.Duration // how long it still serves once it is told to end; nil: DrainTime says
	TLS            trust.Settings
	Log            Log             // what it says on stderr
	TrustedProxies []string        // addresses and ranges that may say for whom they ask (X-Forwarded-For)
	Auth           Auth            // who may sign in, and how
	Audit          audit.Settings  // the log of who did what
	Access         access.Settings // who may do what
	Console        Console         // pages for people
}

// Fields implements setting.Settings.
func (c *Config) Fields() []setting.Field {
	return slices.Concat([]setting.Field{
		setting.Text("listen", &c.Listen),
		setting.Text("http", &c.HTTP),
		setting.Text("proxy", &c.Proxy),
		setting.Text("data", &c.Data),
		setting.Switch("ephemeral", &c.Ephemeral),
		setting.Text("default_vault", &c.DefaultVault),
		setting.Text("tenant", &c.Tenant),
		setting.Text("region", &c.Region),
		setting.Duration("retry_after", &c.RetryAfter),
		setting.Number("near_expiry_days", &c.NearExpiryDays),
		setting.Duration("renew_spread", &c.RenewSpread),
		setting.Duration("renew_floor", &c.RenewFloor),
		setting.Number("renew_floor_percent", &c.RenewFloorPercent),
		setting.Texts("hosts", &c.Hosts),
		setting.List("vaults", &c.Vaults),
		setting.Switch("strict_providers", &c.StrictProviders),
		setting.Variants("providers", "kind", &c.Providers, openProvider),
	}, c.Keyset.Fields(), c.Notices.Fields(), c.serveFields())
}

// WithDefaults returns the configuration with what was not set filled in.
func (c Config) WithDefaults() Config {
	if c.Production {
		c = c.withServeDefaults()
	}
	for _, d := range []struct {
		field *string
		value string
	}{
		{&c.Listen, "127.0.0.1:8443"}, {&c.HTTP, "127.0.0.1:8080"},
		{&c.DefaultVault, auth.DefaultVault}, {&c.Tenant, auth.DefaultTenant}, {&c.Region, "local"},
	} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	if c.RetryAfter == 0 {
		c.RetryAfter = time.Second
	}
	return c
}

// Check reports every setting that will not do, one line each.
func (c Config) Check() error {
	c = c.WithDefaults()
	var wrong []error
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	for key, addr := range map[string]string{"listen": c.Listen, "http": c.HTTP} {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			say("%s: %q is not a host:port, as in 127.0.0.1:8443", key, addr)
		}
	}
	if c.Proxy != "" && !isLoopback(c.Proxy) {
		say("proxy: %q is not a host:port of this machine alone, as in 127.0.0.1:3128", c.Proxy)
	}
	if vault.CheckVaultName(c.DefaultVault) != nil {
		say("default_vault: %q is not a valid vault name: use 1 to 63 characters of 0-9, a-z and -", c.DefaultVault)
	}
	for key, text := range map[string]string{"tenant": c.Tenant, "region": c.Region} {
		if strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") != "" || len(text) > 64 {
			say("%s: %q must be made of letters, digits, '-', '.' and '_'", key, text)
		}
	}
	if c.RetryAfter < time.Second || c.RetryAfter%time.Second != 0 || c.RetryAfter > time.Hour {
		say("retry_after: %v must be whole seconds from 1s to 1h", c.RetryAfter)
	}
	for _, host := range c.Hosts {
		if !trust.IsPattern(host) {
			say("hosts: %q is neither a host name nor *. and one, as in *.example.org", host)
		}
	}
	wrong = append(wrong, checkAges("", c.NearExpiryDays, c.RenewSpread)...)
	wrong = append(wrong, c.checkMode()...)
	wrong = append(wrong, c.checkFloor()...)
	wrong = append(wrong, checkVaults(c.Vaults)...)
	wrong = append(wrong, checkProviders(c.Providers)...)
	wrong = append(wrong, c.Keyset.Check()...)
	wrong = append(wrong, c.Notices.Check()...)
	sort.Slice(wrong, func(i, j int) bool { return wrong[i].Error() < wrong[j].Error() })
	return errors.Join(wrong...)
}

// isLoopback reports whether only this machine reaches an address.
func isLoopback(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	return err == nil && outbound.IsLocal(host)
}

// The most that there may be of what follows the age of objects.
const (
	maxNearExpiryDays = 3650
	maxRenewSpread    = 30 * day
	maxRenewFloor     = 365 * day
	maxFloorPercent   = 50
	day               = 24 * time.Hour
)

// checkFloor checks what bounds how often a name renews by itself.
func (c Config) checkFloor() (wrong []error) {
	if c.RenewFloor != 0 && (c.RenewFloor < time.Second || c.RenewFloor > maxRenewFloor) {
		wrong = append(wrong, fmt.Errorf("renew_floor is %v; it must be 1s to %v, or 0s for the default, 24h", c.RenewFloor, maxRenewFloor))
	}
	if c.RenewFloorPercent < 0 || c.RenewFloorPercent > maxFloorPercent {
		wrong = append(wrong, fmt.Errorf("renew_floor_percent is %d; it must be 1 to %d, or 0 for the default, 10", c.RenewFloorPercent, maxFloorPercent))
	}
	return wrong
}

// checkAges checks what follows the age of objects; of says whose it is.
func checkAges(of string, nearExpiryDays int, renewSpread time.Duration) (wrong []error) {
	if nearExpiryDays < 0 || nearExpiryDays > maxNearExpiryDays {
		wrong = append(wrong, fmt.Errorf("near_expiry_days%s is %d; it must be 1 to %d, or 0 for the default", of, nearExpiryDays, maxNearExpiryDays))
	}
	if renewSpread < 0 || renewSpread > maxRenewSpread {
		wrong = append(wrong, fmt.Errorf("renew_spread%s is %v; it must be 0s to %v", of, renewSpread, maxRenewSpread))
	}
	return wrong
}
