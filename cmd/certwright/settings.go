package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"certwright/internal/config"
)

// settings are the configuration's scalars as flags and variables. What is set
// here wins over the file.
type settings struct {
	Config       string        `help:"Configuration file (YAML)." placeholder:"FILE" env:"CERTWRIGHT_CONFIG"`
	DefaultVault string        `help:"The vault that localhost and IP addresses mean (default)." placeholder:"NAME" env:"CERTWRIGHT_DEFAULT_VAULT"`
	Tenant       string        `help:"The tenant that the challenge names (adfs)." placeholder:"NAME" env:"CERTWRIGHT_TENANT"`
	Region       string        `help:"The region shown in answers (local)." placeholder:"NAME" env:"CERTWRIGHT_REGION"`
	RenewSpread  time.Duration `help:"Delay renewals by up to this, so that they do not all come at once (0s)." placeholder:"DURATION" env:"CERTWRIGHT_RENEW_SPREAD"`
	RenewFloor   time.Duration `help:"Least time between automatic renewals of a name (24h)." placeholder:"DURATION" env:"CERTWRIGHT_RENEW_FLOOR"`
	FloorPercent int           `name:"renew-floor-percent" help:"Least part of a lifetime between them, in percent (10)." placeholder:"PERCENT" env:"CERTWRIGHT_RENEW_FLOOR_PERCENT"`
	NearExpiry   int           `name:"near-expiry-days" help:"Days before its expiry that an object is reported as near expiry (30)." placeholder:"DAYS" env:"CERTWRIGHT_NEAR_EXPIRY_DAYS"`
	Strict       bool          `name:"strict-providers" help:"Refuse providers that the configuration does not name, instead of playing them." env:"CERTWRIGHT_STRICT_PROVIDERS"`
	RetryAfter   time.Duration `help:"Retry-After of an operation in progress (1s)." placeholder:"DURATION" env:"CERTWRIGHT_RETRY_AFTER"`
}

// listeners are the settings that a throwaway server chooses itself.
type listeners struct {
	Listen    string `help:"The https listener, where the vaults are (127.0.0.1:8443)." placeholder:"HOST:PORT" env:"CERTWRIGHT_LISTEN"`
	HTTP      string `name:"http" help:"The plain http listener, for tokens and administration (127.0.0.1:8080)." placeholder:"HOST:PORT" env:"CERTWRIGHT_HTTP"`
	Proxy     string `help:"A proxy that leads *.vault.azure.net here, for programs that have it built in; loopback only (none)." placeholder:"HOST:PORT" env:"CERTWRIGHT_PROXY"`
	Data      string `help:"The data folder (this user's own)." placeholder:"DIR" env:"CERTWRIGHT_DATA"`
	Ephemeral bool   `help:"Keep everything in a temporary folder that is removed at the end." env:"CERTWRIGHT_EPHEMERAL"`
}

// read returns the file's configuration with the flags on top of it.
func (s settings) read(l listeners, production bool) (c config.Config, err error) {
	if c, err = s.over(l); err != nil {
		return c, exitError{exitUsage, err}
	}
	c.Production = production
	if err := c.Check(); err != nil {
		return c, exitError{exitUsage, err}
	}
	return c, nil
}

// over reads the file and puts the flags on top of it, unchecked.
func (s settings) over(l listeners) (c config.Config, err error) {
	if l.Data != "" && l.Ephemeral {
		if l.Data != os.Getenv("CERTWRIGHT_DATA") || os.Getenv("CERTWRIGHT_EPHEMERAL") != "" {
			return c, errors.New("--data and --ephemeral exclude each other: what is ephemeral lies in a folder of its own, which is removed at the end\nhint: leave one of them out")
		}
		l.Data = "" // a flag wins over a variable
	}
	if s.Config != "" {
		if c, err = config.Read(s.Config); err != nil {
			return c, err
		}
	}
	if c.Data != "" && c.Ephemeral {
		return c, fmt.Errorf("%s: data and ephemeral exclude each other\nhint: leave one of them out", s.Config)
	}
	for _, f := range []struct {
		flag string
		to   *string
	}{
		{l.Listen, &c.Listen}, {l.HTTP, &c.HTTP}, {l.Proxy, &c.Proxy}, {l.Data, &c.Data},
		{s.DefaultVault, &c.DefaultVault}, {s.Tenant, &c.Tenant}, {s.Region, &c.Region},
	} {
		if f.flag != "" {
			*f.to = f.flag
		}
	}
	if s.RetryAfter != 0 {
		c.RetryAfter = s.RetryAfter
	}
	if s.RenewSpread != 0 {
		c.RenewSpread = s.RenewSpread
	}
	if s.RenewFloor != 0 {
		c.RenewFloor = s.RenewFloor
	}
	if s.FloorPercent != 0 {
		c.RenewFloorPercent = s.FloorPercent
	}
	if s.NearExpiry != 0 {
		c.NearExpiryDays = s.NearExpiry
	}
	c.StrictProviders = c.StrictProviders || s.Strict
	c.Ephemeral = c.Ephemeral || l.Ephemeral
	return c, nil
}
