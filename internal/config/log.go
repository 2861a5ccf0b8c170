package config

import (
	"fmt"
	"log/slog"
	"strings"

	"certwright/internal/setting"
)

// Log says what a production server writes on stderr. It is not the audit log,
// which leaves nothing out.
type Log struct {
	Level    string // debug, info (unless set), warn or error
	Format   string // text (unless set) or json
	Requests *bool  // a line for each request; there is one unless set to false
}

// Fields implements setting.Settings.
func (l *Log) Fields() []setting.Field {
	return []setting.Field{setting.Text("level", &l.Level), setting.Text("format", &l.Format), setting.Choice("requests", &l.Requests)}
}

// Least is the level below which nothing is written.
func (l Log) Least() slog.Level {
	var level slog.Level
	_ = level.UnmarshalText([]byte(l.Level)) // checked; "" leaves info
	return level
}

// JSON reports whether every line is an object.
func (l Log) JSON() bool { return l.Format == "json" }

// EachRequest reports whether there is a line for each.
func (l Log) EachRequest() bool { return l.Requests == nil || *l.Requests }

func (l Log) check() (wrong []error) {
	switch strings.ToLower(l.Level) {
	case "", "debug", "info", "warn", "error":
	default:
		wrong = append(wrong, fmt.Errorf("log: level: %q is unknown; write debug, info, warn or error", l.Level))
	}
	if l.Format != "" && l.Format != "text" && l.Format != "json" {
		wrong = append(wrong, fmt.Errorf("log: format: %q is unknown; write text or json", l.Format))
	}
	return wrong
}
