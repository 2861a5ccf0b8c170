package server

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"certwright/internal/api"
	"certwright/internal/clock"
)

// RequestLines returns an observer that prints one line per request: time,
// vault, operation, path, status, milliseconds, request id. It shows neither
// query nor body nor token, and nothing of a path that a terminal would obey.
func RequestLines(w io.Writer) func(api.Observation) {
	return func(o api.Observation) {
		operation, name := o.Operation, o.Vault
		if operation == "" {
			operation = o.Method
		}
		if name == "" {
			name = "-"
		}
		at := clock.Real{}.Now().Local().Format(time.TimeOnly)
		_, _ = fmt.Fprintf(w, "%s %s %s %s %d %s %s\n", at, name, printable(operation), printable(o.Path), o.Status, milliseconds(o.Duration), o.RequestID)
	}
}

func milliseconds(d time.Duration) string {
	return strconv.FormatFloat(float64(d.Microseconds())/1000, 'f', 1, 64) + "ms"
}

// printable bounds a caller's text and escapes what is not plain.
func printable(s string) string {
	if len(s) > 200 {
		s = s[:200] + "..."
	}
	q := strconv.QuoteToASCII(s)
	return q[1 : len(q)-1]
}
