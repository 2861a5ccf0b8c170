package main

import (
	"fmt"
	"strings"
	"time"
)

// stamp is a time as people read it, in UTC.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// days writes a duration as people say it: 60d, 1d12h, 90s.
func days(d time.Duration) string {
	d = d.Truncate(time.Second)
	n := d / (24 * time.Hour)
	if n <= 0 {
		return d.String()
	}
	rest := d % (24 * time.Hour)
	if rest == 0 {
		return fmt.Sprintf("%dd", n)
	}
	text := rest.String()
	for _, nothing := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, nothing) {
			text = text[:len(text)-2]
		}
	}
	return fmt.Sprintf("%dd%s", n, text)
}
