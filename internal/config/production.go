package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"certwright/internal/auth"
	"certwright/internal/setting"
	"certwright/internal/store/sqlstore"
)

// A serveNode is a setting that only a production server has.
type serveNode struct {
	setting.Field
	why string // what dev has in its place
}

// serveNodes are the settings that only a production server has: a line for each.
func (c *Config) serveNodes() []serveNode {
	return []serveNode{
		{setting.Text("store", &c.Store), "dev keeps its data in its folder"},
		{setting.Text("cache", &c.Cache), "dev has its data to itself, and no answer is older than they are"},
		{setting.Span("drain", &c.Drain), "dev has no balancer before it, and ends at once"},
		{setting.Group("tls", &c.TLS), "dev has certificates of its own authority"},
		{setting.Group("audit", &c.Audit), "dev keeps no audit log"},
		{setting.Group("access", &c.Access), "dev grants everything to everybody"},
		{setting.Group("log", &c.Log), "dev prints lines for people"},
		{setting.Group("console", &c.Console), "dev has it at its side door"},
		{setting.Texts("trusted_proxies", &c.TrustedProxies), "dev knows no proxies"},
		{setting.Group("auth", &c.Auth), "dev takes any token"},
	}
}

// serveFields are the same as settings of the file.
func (c *Config) serveFields() (fields []setting.Field) {
	for _, n := range c.serveNodes() {
		fields = append(fields, n.Field)
	}
	return fields
}

// withServeDefaults fills in what a production server has where nothing is set.
func (c Config) withServeDefaults() Config {
	c.RetryAfter = cmp.Or(c.RetryAfter, 10*time.Second)
	c.RenewFloor, c.RenewFloorPercent = cmp.Or(c.RenewFloor, day), cmp.Or(c.RenewFloorPercent, 10)
	c.StrictProviders = true
	if given := c.Auth.TokenService; given != nil {
		c.Tenant = cmp.Or(c.Tenant, given.Tenant())
	}
	if c.DefaultVault == "" && len(c.Vaults) > 0 {
		c.DefaultVault = strings.ToLower(c.Vaults[0].Name)
	}
	return c
}

// checkMode checks what depends on whether this is a development server.
func (c Config) checkMode() (wrong []error) {
	if c.Production {
		return c.checkServe()
	}
	for _, n := range c.serveNodes() {
		if n.Set() {
			wrong = append(wrong, fmt.Errorf("%s: this is a setting of certwright serve, %s\nhint: leave it out, or start certwright serve", n.Key, n.why))
		}
	}
	return append(wrong, checkDevVaults(c.Vaults)...)
}

// checkServe refuses what would leave a production server open, or would be of
// a development server.
func (c Config) checkServe() (wrong []error) {
	say := func(text string) { wrong = append(wrong, errors.New(text)) }
	if c.Ephemeral {
		say("ephemeral: a production server keeps what it acknowledged\nhint: leave --ephemeral out and set data; for a throwaway server use certwright dev --ephemeral")
	}
	if c.Data == "" {
		say("data: the data folder is not set\nhint: set it, as in data: /var/lib/certwright")
	}
	if c.Proxy != "" {
		say("proxy: the proxy for Azure's names is for development alone\nhint: leave it out")
	}
	if len(c.Vaults) == 0 {
		say("vaults: none is declared, and a production server makes none by itself\nhint: declare them, as in vaults: [{name: web}]")
	}
	if c.TLS.Cert == "" && !c.TLS.FromVault() {
		say("tls: there is no certificate for the https listener\nhint: set tls: {cert: FILE, key: FILE}, or tls: {vault: NAME, certificate: NAME} for one that this server renews by itself")
	}
	for _, err := range c.TLS.Check() {
		wrong = append(wrong, fmt.Errorf("tls: %w", err))
	}
	wrong = append(wrong, c.Audit.Check()...)
	wrong = append(wrong, c.Log.check()...)
	if c.TLS.FromVault() && !c.declares(c.TLS.Vault) {
		say(fmt.Sprintf("tls: vault %s is not declared\nhint: declare it under vaults", c.TLS.Vault))
	}
	if c.DefaultVault != "" && len(c.Vaults) > 0 && !c.declares(c.DefaultVault) {
		say(fmt.Sprintf("default_vault: %s is not declared\nhint: declare it under vaults, or leave default_vault out", c.DefaultVault))
	}
	if c.Shared() {
		if err := sqlstore.CheckPostgres(c.Store); err != nil {
			say("store: " + err.Error())
		}
	}
	wrong = append(wrong, c.checkConsole()...)
	for _, err := range []error{c.checkCache(), c.checkDrain()} {
		if err != nil {
			wrong = append(wrong, err)
		}
	}
	for name, p := range c.Providers {
		if p.Kind == "scripted" {
			say(fmt.Sprintf("providers: %s: the scripted issuer signs whatever it is asked for, and is for development alone\nhint: name a real authority (%s), or leave it out", name, realKinds()))
		}
	}
	if _, err := auth.ParseProxies(c.TrustedProxies); err != nil {
		wrong = append(wrong, err)
	}
	if _, err := c.Permissions(); err != nil {
		wrong = append(wrong, err)
	}
	return append(append(wrong, c.Auth.check()...), c.checkTenant()...)
}

// Shared reports whether the database is a server's of its own, which other servers
// may write to as well.
func (c Config) Shared() bool { return c.Store != "" && c.Store != "sqlite" }

// declares reports whether a vault is declared.
func (c Config) declares(name string) bool {
	return slices.ContainsFunc(c.Vaults, func(v Vault) bool { return strings.EqualFold(v.Name, name) })
}

// Declared reports whether there is a vault of a name here: in a development
// server there is any.
func (c Config) Declared(name string) bool { return !c.Production || c.declares(name) }

func realKinds() string {
	return strings.Join(slices.DeleteFunc(Kinds(), func(kind string) bool { return kind == "scripted" }), ", ")
}
