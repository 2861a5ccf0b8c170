package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"certwright/internal/print"
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

// A table prints lines under a heading, or says on stderr that there is none.
type table struct {
	to         streams
	w          *tabwriter.Writer
	head, none string
	lines      int
}

// newTable returns one; head may be "".
func newTable(to streams, head, none string) *table {
	return &table{to: to, w: tabwriter.NewWriter(to.out, 0, 0, 2, ' ', 0), head: head, none: none}
}

// line adds a line of texts that may be others'.
func (t *table) line(cells ...string) {
	if t.lines++; t.lines == 1 && t.head != "" {
		fmt.Fprintln(t.w, t.head)
	}
	for i, c := range cells {
		cells[i] = print.Plain(c)
	}
	fmt.Fprintln(t.w, strings.Join(cells, "\t"))
}

func (t *table) end() error {
	if t.lines == 0 {
		fmt.Fprintln(t.to.err, t.none)
	}
	return t.w.Flush()
}
