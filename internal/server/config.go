package server

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"certwright/internal/auth"
	"certwright/internal/notify"
	"certwright/internal/trust"
	"certwright/internal/vault"
)

// Config is everything that an operator may set. The yaml name of a field is
// its key in the configuration file; a scalar is also a flag of that name and
// an environment variable CERTWRIGHT_NAME.
type Config struct {
	Listen       string        `yaml:"listen"`        // the https door for vaults; port 0 picks one
	HTTP         string        `yaml:"http"`          // the plain http side door; port 0 picks one
	Proxy        string        `yaml:"proxy"`         // the door for programs with Azure's names built in, loopback only; "" for none
	Data         string        `yaml:"data"`          // the data folder; "" is the user's own
	Ephemeral    bool          `yaml:"ephemeral"`     // a temporary data folder, removed at the end; Data is not used
	DefaultVault string        `yaml:"default_vault"` // the vault that localhost and IP addresses mean
	Tenant       string        `yaml:"tenant"`        // the tenant that the challenge names
	Region       string        `yaml:"region"`        // shown in x-ms-keyvault-region
	RetryAfter   time.Duration `yaml:"retry_after"`   // what Retry-After says of an operation in progress; whole seconds

	NearExpiryDays int           `yaml:"near_expiry_days"` // how many days before its expiry an object is told to be near it; 0 means 30
	RenewSpread    time.Duration `yaml:"renew_spread"`     // renewals are put off by up to this, so that they do not all come at once

	RenewFloor        time.Duration `yaml:"renew_floor"`         // a name renews by itself at most once in this time; 0 means 24h
	RenewFloorPercent int           `yaml:"renew_floor_percent"` // and once in this part of its lifetime; 0 means 10

	Hosts     []string            `yaml:"hosts"`     // names to be called by beside the local ones; *.example.org is all below it
	Vaults    []Vault             `yaml:"vaults"`    // vaults that differ from the usual settings
	Providers map[string]Provider `yaml:"providers"` // what an issuer's provider means here; scripted where not named

	Notices notify.Settings `yaml:",inline"` // who is told what happened: smtp and events; nobody where they are not there
}

// A Vault fixes the settings of one vault. Vaults that are not named come into
// being at their first write, with 90 days, no purge protection, premium.
type Vault struct {
	Name            string `yaml:"name"`
	SoftDeleteDays  int    `yaml:"soft_delete_days"` // 7..90; 0 means 90
	PurgeProtection bool   `yaml:"purge_protection"`
	SKU             string `yaml:"sku"` // standard, premium, or hsm (oct keys and random bytes too); "" means premium

	NearExpiryDays int           `yaml:"near_expiry_days"` // 0: as for the server
	RenewSpread    time.Duration `yaml:"renew_spread"`     // 0: as for the server
}

// withDefaults fills in what was not set.
func (c Config) withDefaults() Config {
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
	c = c.withDefaults()
	var wrong []error
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	for key, addr := range map[string]string{"listen": c.Listen, "http": c.HTTP} {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			say("%s: %q is no host:port, as in 127.0.0.1:8443", key, addr)
		}
	}
	if c.Proxy != "" && !isLoopback(c.Proxy) {
		say("proxy: %q is no host:port of this machine alone, as in 127.0.0.1:3128", c.Proxy)
	}
	if vault.CheckVaultName(c.DefaultVault) != nil {
		say("default_vault: %q is no vault name: 1 to 63 characters out of 0-9, a-z and -", c.DefaultVault)
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
	wrong = append(wrong, c.checkFloor()...)
	wrong = append(wrong, checkVaults(c.Vaults)...)
	wrong = append(wrong, checkProviders(c.Providers)...)
	wrong = append(wrong, c.Notices.Check()...)
	slices.SortFunc(wrong, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(wrong...)
}

// isLoopback reports whether only this machine reaches an address.
func isLoopback(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}

func checkVaults(vaults []Vault) (wrong []error) {
	seen := map[string]bool{}
	for _, v := range vaults {
		name := strings.ToLower(v.Name)
		switch {
		case vault.CheckVaultName(name) != nil:
			wrong = append(wrong, fmt.Errorf("vaults: %q is no vault name: 1 to 63 characters out of 0-9, a-z and -", v.Name))
		case seen[name]:
			wrong = append(wrong, fmt.Errorf("vaults: %s is there twice", name))
		}
		seen[name] = true
		for _, err := range checkAges(" of "+name, v.NearExpiryDays, v.RenewSpread) {
			wrong = append(wrong, fmt.Errorf("vaults: %w", err))
		}
		if v.SoftDeleteDays != 0 && (v.SoftDeleteDays < 7 || v.SoftDeleteDays > 90) {
			wrong = append(wrong, fmt.Errorf("vaults: soft_delete_days of %s is %d; it must be 7 to 90", v.Name, v.SoftDeleteDays))
		}
		if v.SKU != "" && v.SKU != "premium" && v.SKU != "standard" && v.SKU != "hsm" {
			wrong = append(wrong, fmt.Errorf("vaults: sku of %s is %q; it must be premium, standard or hsm", v.Name, v.SKU))
		}
	}
	return wrong
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
		wrong = append(wrong, fmt.Errorf("renew_floor is %v; it must be 1s to %v, or 0s for what is usual, 24h", c.RenewFloor, maxRenewFloor))
	}
	if c.RenewFloorPercent < 0 || c.RenewFloorPercent > maxFloorPercent {
		wrong = append(wrong, fmt.Errorf("renew_floor_percent is %d; it must be 1 to %d, or 0 for what is usual, 10", c.RenewFloorPercent, maxFloorPercent))
	}
	return wrong
}

// checkAges checks what follows the age of objects; of says whose it is.
func checkAges(of string, nearExpiryDays int, renewSpread time.Duration) (wrong []error) {
	if nearExpiryDays < 0 || nearExpiryDays > maxNearExpiryDays {
		wrong = append(wrong, fmt.Errorf("near_expiry_days%s is %d; it must be 1 to %d, or 0 for what is usual", of, nearExpiryDays, maxNearExpiryDays))
	}
	if renewSpread < 0 || renewSpread > maxRenewSpread {
		wrong = append(wrong, fmt.Errorf("renew_spread%s is %v; it must be 0s to %v", of, renewSpread, maxRenewSpread))
	}
	return wrong
}

// settings returns what is fixed for a vault.
func (c Config) settings() func(name string) vault.Settings {
	usual := func(name string) vault.Settings {
		s := vault.DefaultSettings(name)
		s.NearExpiry, s.RenewSpread = time.Duration(c.NearExpiryDays)*day, c.RenewSpread
		s.RenewFloor, s.RenewShare = c.RenewFloor, c.RenewFloorPercent
		s.AsWritten = c.RenewFloor == 0 && c.RenewFloorPercent == 0 // tests renew at one percent of a month
		return s
	}
	known := map[string]vault.Settings{}
	for _, v := range c.Vaults {
		s := usual(strings.ToLower(v.Name))
		s.NearExpiry = cmp.Or(time.Duration(v.NearExpiryDays)*day, s.NearExpiry)
		s.RenewSpread = cmp.Or(v.RenewSpread, s.RenewSpread)
		if v.SoftDeleteDays != 0 {
			s.SoftDeleteDays = v.SoftDeleteDays
		}
		s.PurgeProtection = v.PurgeProtection
		s.Premium, s.HSM = v.SKU != "standard", v.SKU == "hsm"
		known[s.Name] = s
	}
	return func(name string) vault.Settings {
		if s, ok := known[strings.ToLower(name)]; ok {
			return s
		}
		return usual(name)
	}
}
