package view

import (
	"fmt"
	"time"
)

// A Frame is what is around every page.
type Frame struct {
	Title  string
	At     string // the path of the page in the navigation
	Person string // who is signed in; "" on a development server
	Dev    bool
	Nav    []Link
	Moved  string // how far the server's clock is from real time; "" if it is not
	Say    *Say   // nil: nothing
}

// A Link is a place of the navigation.
type Link struct{ Href, Word string }

// A Say is what came of something that was asked for.
type Say struct {
	Tone  string // ok, warn or bad
	Title string
	Text  string
	Link  Link // that leads on; none without a Href
}

// A Badge is a state in a word, with a sign, so that the colour is never alone.
type Badge struct{ Tone, Sign, Word string }

// The signs of badges.
const (
	SignOK, SignWarn, SignBad, SignBusy, SignOff = "✓", "!", "✕", "↻", "–"
)

// A Moment is a time as people read it: how long from now, and the date.
type Moment struct {
	At  time.Time
	Now time.Time
}

// Zero reports whether there is no such time.
func (m Moment) Zero() bool { return m.At.IsZero() }

// Machine is the time for the datetime attribute.
func (m Moment) Machine() string { return m.At.UTC().Format(time.RFC3339) }

// Date is the day.
func (m Moment) Date() string { return m.At.UTC().Format("2006-01-02") }

// Exact is the whole time.
func (m Moment) Exact() string { return m.At.UTC().Format("2006-01-02 15:04:05 UTC") }

// From says how long from now: "in 12 days", "3 hours ago".
func (m Moment) From() string {
	d := m.At.Sub(m.Now)
	if d.Abs() < time.Second {
		return "now"
	}
	if d < 0 {
		return Long(-d) + " ago"
	}
	return "in " + Long(d)
}

// Long is a stretch of time in its largest unit.
func Long(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*365*day:
		return fmt.Sprintf("%d years", d/(365*day))
	case d >= 100*day:
		return fmt.Sprintf("%d months", d/(30*day))
	case d >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d minutes", d/time.Minute)
	case d.Round(time.Second) == time.Second:
		return "1 second"
	}
	return fmt.Sprintf("%d seconds", d.Round(time.Second)/time.Second)
}
