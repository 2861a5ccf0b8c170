package config

import "reflect"

// atStart are the settings that a running server does not take: listeners, the
// data folder, what stands behind issuers, who is told what happened.
var atStart = []struct {
	key string
	of  func(Config) any
}{
	{"listen", func(c Config) any { return c.Listen }},
	{"http", func(c Config) any { return c.HTTP }},
	{"console", func(c Config) any { return c.Console }},
	{"proxy", func(c Config) any { return c.Proxy }},
	{"data", func(c Config) any { return c.Data }},
	{"ephemeral", func(c Config) any { return c.Ephemeral }},
	{"store", func(c Config) any { return c.Store }},
	{"cache", func(c Config) any { return c.Cache }},
	{"region", func(c Config) any { return c.Region }},
	{"retry_after", func(c Config) any { return c.RetryAfter }},
	{"hosts", func(c Config) any { return c.Hosts }},
	{"strict_providers", func(c Config) any { return c.StrictProviders }},
	{"providers", func(c Config) any { return c.Providers }},
	{"keyset", func(c Config) any { return c.Keyset }},
	{"log: format", func(c Config) any { return c.Log.Format }},
	{"smtp", func(c Config) any { return c.Notices.SMTP }},
	{"events", func(c Config) any { return c.Notices.Events }},
	{"audit", func(c Config) any { return c.Audit }},
}

// AtStart lists the settings that differ and are taken at a start alone.
func AtStart(before, after Config) (keys []string) {
	for _, s := range atStart {
		if !reflect.DeepEqual(s.of(before), s.of(after)) {
			keys = append(keys, s.key)
		}
	}
	return keys
}
