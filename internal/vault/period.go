package vault

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Period is an ISO 8601 duration as rotation policies write it: P90D, P18M,
// P2Y, P1Y10D, PT48H. Its parts are kept apart, because months and years have no
// fixed length. The zero Period means not set.
type Period struct{ Years, Months, Days, Hours, Minutes, Seconds int }

// The most that any one part may be, so that dates stay within what can be stored.
const maxPeriodPart = 9999

// ParsePeriod reads an ISO 8601 duration of whole parts; weeks become days. It
// returns a refusal that names the text, for an empty or a zero one as well.
func ParsePeriod(s string) (Period, error) {
	var p Period
	if !p.read(s) || p.IsZero() {
		return Period{}, BadRotationPolicy("'%s' is not an ISO 8601 duration such as P90D, P18M or P2Y", Shorten(s))
	}
	return p, nil
}

// read takes "P", the parts of the date, and then "T" and those of the time, in
// order and none twice.
func (p *Period) read(s string) bool {
	rest, ok := strings.CutPrefix(s, "P")
	date, clock, timed := strings.Cut(rest, "T")
	if !ok || rest == "" || timed && clock == "" {
		return false
	}
	var weeks int
	if !readParts(date, "YMWD", []*int{&p.Years, &p.Months, &weeks, &p.Days}) ||
		!readParts(clock, "HMS", []*int{&p.Hours, &p.Minutes, &p.Seconds}) {
		return false
	}
	p.Days += 7 * weeks
	return p.Days <= maxPeriodPart
}

// readParts reads numbers that each of the letters ends, in their order.
func readParts(s, letters string, parts []*int) bool {
	for s != "" {
		end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
		if end < 1 || end > 4 {
			return false
		}
		i := strings.IndexByte(letters, s[end])
		if i < 0 {
			return false
		}
		*parts[i], _ = strconv.Atoi(s[:end]) // one to four digits
		letters, parts, s = letters[i+1:], parts[i+1:], s[end+1:]
	}
	return true
}

// IsZero reports whether the period is not set.
func (p Period) IsZero() bool { return p == Period{} }

// String writes the period as ISO 8601; "" for the zero Period.
func (p Period) String() string {
	if p.IsZero() {
		return ""
	}
	var b strings.Builder
	write := func(n int, letter string) {
		if n != 0 {
			fmt.Fprintf(&b, "%d%s", n, letter)
		}
	}
	b.WriteString("P")
	write(p.Years, "Y")
	write(p.Months, "M")
	write(p.Days, "D")
	if p.Hours != 0 || p.Minutes != 0 || p.Seconds != 0 {
		b.WriteString("T")
		write(p.Hours, "H")
		write(p.Minutes, "M")
		write(p.Seconds, "S")
	}
	return b.String()
}

// MarshalText writes the period as String does.
func (p Period) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText wrote; "" is the zero Period.
func (p *Period) UnmarshalText(text []byte) (err error) {
	*p = Period{}
	if len(text) > 0 {
		*p, err = ParsePeriod(string(text))
	}
	return err
}

// After returns the time one period after t, by the calendar and in UTC. Where
// the month is too short its last day is taken, as with validity_months.
func (p Period) After(t time.Time) time.Time { return p.step(t, 1) }

// Before returns the time one period before t, likewise.
func (p Period) Before(t time.Time) time.Time { return p.step(t, -1) }

func (p Period) step(t time.Time, sign int) time.Time {
	t = t.UTC()
	moved := t.AddDate(sign*p.Years, sign*p.Months, 0)
	if moved.Day() != t.Day() {
		moved = moved.AddDate(0, 0, -moved.Day())
	}
	moved = moved.AddDate(0, 0, sign*p.Days)
	return moved.Add(time.Duration(sign) * (time.Duration(p.Hours)*time.Hour + time.Duration(p.Minutes)*time.Minute + time.Duration(p.Seconds)*time.Second))
}

const day = 24 * time.Hour
