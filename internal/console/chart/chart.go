// Package chart draws for the console: plain SVG, and the same in words and
// numbers for who does not see it. Begin with Timeline in timeline.templ.
package chart

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Day is a bar of a timeline: how many of each kind, from the bottom up.
type Day struct {
	Date  time.Time
	Count [3]int
}

// A Kind is a part of the bars.
type Kind struct {
	Name  string
	Class string
}

// Kinds are the parts of the bars, from the bottom up.
var Kinds = [3]Kind{{"renews by itself", "s0"}, {"needs a person", "s1"}, {"renewal failing", "s2"}}

// What the drawing measures, in its own units.
const (
	width, height = 920, 190
	left, right   = 38, 6
	top, bottom   = 10, 24
	plotHeight    = height - top - bottom
)

// A Drawing is a timeline worked out.
type Drawing struct {
	Days  []Day
	Link  func(from, to time.Time) string // where what expires from a day to another is listed
	Most  int                             // what the scale ends at
	Total [3]int
}

// Draw works a timeline out.
func Draw(days []Day, link func(from, to time.Time) string) Drawing {
	d := Drawing{Days: days, Link: link, Most: 4}
	for _, day := range days {
		d.Most = max(d.Most, day.all())
		for i, n := range day.Count {
			d.Total[i] += n
		}
	}
	d.Most = rounded(d.Most)
	return d
}

func (d Day) all() int { return d.Count[0] + d.Count[1] + d.Count[2] }

// rounded is the next number that scales end at.
func rounded(n int) int {
	for step := 1; ; step *= 10 {
		for _, by := range []int{4, 8, 12, 20, 32} {
			if n <= by*step {
				return by * step
			}
		}
	}
}

func (d Drawing) slot() float64 { return float64(width-left-right) / float64(max(1, len(d.Days))) }

func (d Drawing) x(i int) float64 { return left + float64(i)*d.slot() }

func (d Drawing) y(n int) float64 { return top + float64(plotHeight)*(1-float64(n)/float64(d.Most)) }

// path outlines the parts of all bars that are of a kind.
func (d Drawing) path(kind int) string {
	var text strings.Builder
	for i, day := range d.Days {
		below := 0
		for _, n := range day.Count[:kind] {
			below += n
		}
		if n := day.Count[kind]; n > 0 {
			w := units(max(d.slot()-2, 1))
			fmt.Fprintf(&text, "M%s %sh%sv%sh-%sz", units(d.x(i)+1), units(d.y(below+n)), w, units(max(d.y(below)-d.y(below+n), 1)), w)
		}
	}
	return text.String()
}

// words tell a day for a tooltip.
func (d Day) words() string {
	text := d.Date.Format("Mon 2 Jan") + ": "
	if d.all() == 0 {
		return text + "none"
	}
	for k, n := range d.Count {
		if n > 0 {
			text += fmt.Sprintf("%d %s, ", n, Kinds[k].Name)
		}
	}
	return text[:len(text)-2]
}

// A week is seven days together.
type week struct {
	From, To time.Time
	Count    [3]int
	Href     string
}

// weeks are the days, seven at a time, for the table.
func (d Drawing) weeks() (all []week) {
	for i, day := range d.Days {
		if i%7 == 0 {
			all = append(all, week{From: day.Date})
		}
		w := &all[len(all)-1]
		w.To = day.Date
		w.Href = d.Link(w.From, w.To)
		for k, n := range day.Count {
			w.Count[k] += n
		}
	}
	return all
}

// summary tells the whole for who does not see it.
func (d Drawing) summary() string {
	return fmt.Sprintf("In the next %d days %d certificates expire that renew by themselves, %d that need a person, and %d whose renewal is failing.",
		len(d.Days), d.Total[0], d.Total[1], d.Total[2])
}

func units(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }
