package logs

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Lines returns a handler that writes the log for people, one line each, in
// the manner of Requests: time, vault, what happened, then what is known of
// it. It shows what is at level or above.
func Lines(w io.Writer, level slog.Leveler) slog.Handler {
	return &lines{to: w, level: level, mu: &sync.Mutex{}}
}

type lines struct {
	to    io.Writer
	level slog.Leveler
	mu    *sync.Mutex
	known []slog.Attr
	group string // with a dot behind it
}

// maxLine bounds a value on a line, in bytes.
const maxLine = 400

// Enabled implements slog.Handler.
func (l *lines) Enabled(_ context.Context, at slog.Level) bool { return at >= l.level.Level() }

// WithAttrs implements slog.Handler.
func (l *lines) WithAttrs(more []slog.Attr) slog.Handler {
	with := *l
	with.known = slices.Clone(l.known)
	for _, a := range more {
		with.known = append(with.known, slog.Attr{Key: l.group + a.Key, Value: a.Value})
	}
	return &with
}

// WithGroup implements slog.Handler.
func (l *lines) WithGroup(name string) slog.Handler {
	with := *l
	with.group += name + "."
	return &with
}

// Handle implements slog.Handler.
func (l *lines) Handle(_ context.Context, r slog.Record) error {
	vaultName, rest := "-", strings.Builder{}
	put := func(a slog.Attr) {
		text := a.Value.Resolve().String()
		if a.Value.Kind() == slog.KindTime {
			text = a.Value.Time().UTC().Format(time.RFC3339)
		}
		if len(text) > maxLine {
			text = text[:maxLine] + "..."
		}
		switch text = escaped(text); {
		case a.Key == "vault" && text != "":
			vaultName = text
		case a.Key == "note":
			rest.WriteString(": " + text)
		case strings.ContainsAny(text, " \"="), text == "":
			rest.WriteString(" " + a.Key + "=\"" + strings.ReplaceAll(text, "\"", "'") + "\"")
		default:
			rest.WriteString(" " + a.Key + "=" + text)
		}
	}
	r.Attrs(func(a slog.Attr) bool { // what is new comes first
		a.Key = l.group + a.Key
		put(a)
		return true
	})
	for _, a := range l.known {
		put(a)
	}
	line := r.Time.Local().Format(time.TimeOnly) + " " + vaultName + " "
	if r.Level != slog.LevelInfo {
		line += strings.ToLower(r.Level.String()) + ": "
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := io.WriteString(l.to, line+escaped(r.Message)+rest.String()+"\n")
	if g, ok := l.to.(*Gathered); ok && err == nil {
		err = g.Flush() // what is logged may be why the program ends
	}
	return err
}

// escaped keeps a text of others to one line that cannot steer a terminal.
func escaped(s string) string {
	q := strconv.QuoteToGraphic(s)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}
