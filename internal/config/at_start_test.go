package config

import (
	"slices"
	"testing"

	"certwright/internal/notify"
)

// reloaded are the settings that a running server takes.
var reloaded = []string{"default_vault", "tenant", "near_expiry_days", "renew_spread", "renew_floor", "renew_floor_percent", "vaults",
	"tls", "log", "auth", "access", "trusted_proxies", "drain"}

// Every setting is one that a running server takes, or one that waits for a start.
func TestEverySettingIsTakenAtSomeTime(t *testing.T) {
	t.Parallel()
	var waits []string
	for _, s := range atStart {
		waits = append(waits, s.key)
	}
	for _, f := range (&Config{}).Fields() {
		if at, now := slices.Contains(waits, f.Key), slices.Contains(reloaded, f.Key); at == now {
			t.Errorf("%s: waits for a start: %v, is taken while the server runs: %v", f.Key, at, now)
		}
	}
}

func TestAtStart(t *testing.T) {
	t.Parallel()
	before := production()
	if got := AtStart(before, production()); got != nil {
		t.Errorf("nothing changed: %v", got)
	}
	after := production()
	after.Listen, after.Vaults, after.Notices.Events = "0.0.0.0:8443", nil, []notify.WebhookSettings{{URL: "https://a.example"}}
	if got := AtStart(before, after); !slices.Equal(got, []string{"listen", "events"}) {
		t.Errorf("got %v", got)
	}
}
