package logs

import (
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"certwright/internal/vault"
)

func TestLines(t *testing.T) {
	t.Parallel()
	var to strings.Builder
	log := slog.New(Lines(&to, slog.LevelInfo))
	order := log.With("vault", "web", "certificate", "site", "issuer", "le")
	for want, say := range map[string]func(){
		`web order: The order was placed. certificate=site issuer=le`: func() { order.Info("order", "note", "The order was placed.") },
		`web warn: issuer could not be asked attempt=2 again=2026-11-22T12:00:00Z error="it says 'no'" certificate=site issuer=le`: func() {
			order.Warn("issuer could not be asked", "attempt", 2, "again", time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), "error", errors.New(`it says "no"`))
		},
		`- error: broken a=""`:                         func() { log.Error("broken", "a", "") },
		`- steer\n\x1b[2J of="a\nb c "`:                func() { log.Info("steer\n\x1b[2J", "of", "a\nb c ") },
		`- grouped g.a=1 g.b=2`:                        func() { log.WithGroup("g").With("b", 2).Info("grouped", "a", 1) },
		`- secret password=[hidden]`:                   func() { log.Info("secret", "password", vault.Hidden("hunter2")) },
		`- long a=` + strings.Repeat("x", 400) + `...`: func() { log.Info("long", "a", strings.Repeat("x", 5000)) },
		``: func() { log.Debug("not for people") },
	} {
		to.Reset()
		say()
		got := regexp.MustCompile(`^\d\d:\d\d:\d\d `).ReplaceAllString(strings.TrimSuffix(to.String(), "\n"), "")
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
