package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

var errMissed = errors.New("a bar was missed")

// A row is one line of the table.
type row struct {
	What   string  `json:"what"`
	Bar    string  `json:"bar"`              // in words
	Now    string  `json:"now"`              // in words, with what the value comes from
	Value  float64 `json:"value"`            // that the bar is held against
	Limit  float64 `json:"limit"`            // 0: there is no bar
	Less   bool    `json:"less_is_better"`   // else more is
	Absent string  `json:"absent,omitempty"` // why it was not measured
}

// atMost and atLeast make rows with a bar.
func atMost(limit, value float64, what, bar, now string, args ...any) row {
	return row{What: what, Bar: bar, Now: fmt.Sprintf(now, args...), Value: value, Limit: limit, Less: true}
}

func atLeast(limit, value float64, what, bar, now string, args ...any) row {
	return row{What: what, Bar: bar, Now: fmt.Sprintf(now, args...), Value: value, Limit: limit}
}

// verdict says what came of the bar; "" where there is none.
func (r row) verdict() string {
	switch {
	case r.Absent != "":
		return "not measured"
	case r.Limit == 0:
		return ""
	case r.Less && r.Value <= r.Limit, !r.Less && r.Value >= r.Limit:
		return "ok"
	}
	return "**missed**"
}

// A report is all rows and what the machine was doing.
type report struct {
	At         time.Time `json:"at"`
	Machine    string    `json:"machine"`
	LoadBefore string    `json:"load_before"`
	LoadAfter  string    `json:"load_after"`
	Form       string    `json:"form"`
	Rows       []row     `json:"rows"`
}

func newReport(s scale) *report {
	return &report{At: time.Now().UTC().Truncate(time.Second), Machine: machine(), LoadBefore: load(),
		Form: fmt.Sprintf("%d rounds of %v; %d certificates, %d secrets and one of %d versions on the large server", s.rounds, s.length, s.certificates, s.secrets, s.versions)}
}

// add keeps rows and tells them at once.
func (r *report) add(w io.Writer, rows []row) {
	for _, it := range rows {
		say(w, "  %s: %s%s %s", it.What, it.Now, it.Absent, it.verdict())
	}
	r.Rows = append(r.Rows, rows...)
}

func (r *report) missed() bool {
	return slices.ContainsFunc(r.Rows, func(it row) bool { return it.verdict() == "**missed**" })
}

func (r *report) print(w io.Writer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s; load %s before, %s after. %s.\n\n", r.At.Format(time.DateTime), r.Machine, r.LoadBefore, r.LoadAfter, r.Form)
	b.WriteString("| what | bar | now | |\n|---|---|---|---|\n")
	for _, it := range r.Rows {
		now := it.Now
		if it.Absent != "" {
			now = it.Absent
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", it.What, it.Bar, now, it.verdict())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// machine is what runs this: cores, kind, Go.
func machine() string {
	kind := runtime.GOARCH
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, is, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			kind = strings.TrimSpace(is)
			break
		}
	}
	return fmt.Sprintf("%d cores of %s, %s", runtime.NumCPU(), kind, runtime.Version())
}

// load is the machine's load of the last minute.
func load() string {
	text, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
