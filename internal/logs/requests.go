package logs

import (
	"io"
	"log/slog"
	"strconv"
	"time"

	"certwright/internal/api"
	"certwright/internal/clock"
)

// Requests returns an observer that prints one line per request: time,
// vault, operation, path, status, milliseconds, request id. It shows neither
// query nor body nor token, and nothing of a path that a terminal would obey.
func Requests(w io.Writer) func(api.Observation) {
	return func(o api.Observation) {
		operation, name := o.Operation, o.Vault
		if operation == "" {
			operation = o.Method
		}
		if name == "" {
			name = "-"
		}
		line := make([]byte, 0, 256)
		line = append(clock.Real{}.Now().Local().AppendFormat(line, time.TimeOnly), ' ')
		for _, word := range []string{name, printable(operation), printable(o.Path)} {
			line = append(append(line, word...), ' ')
		}
		line = append(strconv.AppendInt(line, int64(o.Status), 10), ' ')
		line = strconv.AppendFloat(line, float64(o.Duration.Microseconds())/1000, 'f', 1, 64)
		line = append(append(line, "ms "...), o.RequestID...)
		for i, name := range o.Strays {
			before := ", "
			if i == 0 {
				before = " ignored, since nobody knows them: "
			}
			line = append(append(line, before...), printable(name)...)
		}
		_, _ = w.Write(append(line, '\n'))
	}
}

// RequestLog returns an observer that logs the same, for programs to read.
func RequestsTo(log *slog.Logger) func(api.Observation) {
	return func(o api.Observation) {
		log.Info("request", "vault", o.Vault, "method", o.Method, "operation", o.Operation, "path", printable(o.Path), "status", o.Status,
			"ms", float64(o.Duration.Microseconds())/1000, "request_id", o.RequestID)
	}
}

// printable bounds a caller's text and escapes what is not plain.
func printable(s string) string {
	if len(s) > 200 {
		s = s[:200] + "..."
	}
	if isPlain(s) {
		return s
	}
	q := strconv.QuoteToASCII(s)
	return q[1 : len(q)-1]
}

// isPlain reports whether s is of ASCII letters that need no escape.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
