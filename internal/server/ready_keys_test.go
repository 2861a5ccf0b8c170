package server

import (
	"strings"
	"testing"

	"certwright/internal/config"
	"certwright/internal/must"
)

// A throwaway server makes no key before one is asked for, any other does once it
// is idle. What the pool did is among the metrics.
func TestReadyKeys(t *testing.T) {
	t.Parallel()
	kept := run(t)
	thrown, err := Start(t.Context(), config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Ephemeral: true}, Options{})
	must.Do(t, err)
	t.Cleanup(func() { stop(t, thrown) })
	if kept.keys.Idle != keysIdle || thrown.keys.Idle != 0 {
		t.Errorf("idle after %v and %v", kept.keys.Idle, thrown.keys.Idle)
	}
	c := client(t, thrown)
	url := thrown.Ready.IPURL + "/keys/k/create?api-version=7.4"
	if r := ask(t, c, "POST", url, `{"kty":"RSA"}`, "Authorization", "Bearer x"); r.status != 200 {
		t.Fatal(r)
	}
	text := ask(t, c, "GET", thrown.Ready.HTTPURL+"/metrics", "").body
	for _, line := range []string{`certwright_keys_total{size="2048",source="made",type="RSA"} 1`, `certwright_keys_ready{size="4096",type="RSA"} 0`} {
		if !strings.Contains(text, line) {
			t.Errorf("%s is not among the metrics", line)
		}
	}
}
