package print

import (
	"fmt"
	"time"
)

// When says how far a moment is from now, and the day: "in 12 days
// (2026-12-10)"; within two days the time of the day too, in UTC.
func When(now, t time.Time) string {
	t = t.UTC()
	d := t.Sub(now)
	form := "2006-01-02"
	if d.Abs() < 2*day {
		form = "2006-01-02 15:04Z"
	}
	return Away(d) + " (" + t.Format(form) + ")"
}

const day = 24 * time.Hour

// Away says how far away something is: "in 12 days", "3 hours ago", "now".
func Away(d time.Duration) string {
	switch {
	case d.Abs() < time.Second:
		return "now"
	case d < 0:
		return Length(-d) + " ago"
	}
	return "in " + Length(d)
}

// Length says how long something takes in the largest unit that says enough:
// 90 seconds, 36 hours, 12 days.
func Length(d time.Duration) string {
	unit, word := time.Second, "second"
	switch {
	case d >= 2*day:
		unit, word = day, "day"
	case d >= 2*time.Hour:
		unit, word = time.Hour, "hour"
	case d >= 2*time.Minute:
		unit, word = time.Minute, "minute"
	}
	n := int64(d / unit)
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
