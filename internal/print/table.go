package print

import (
	"bufio"
	"strings"
	"unicode/utf8"
)

// Tone is what a word of a table means to who reads it. Colour is never all
// there is: the words say it too.
type Tone int

// The tones.
const (
	Plainly Tone = iota
	Good
	Warn
	Bad
	Faint
)

// codes are what terminals take for the tones (ECMA-48, 8.3.117).
var codes = [...]string{Plainly: "", Good: "\x1b[32m", Warn: "\x1b[33m", Bad: "\x1b[31m", Faint: "\x1b[2m"}

// Paint writes a text in a tone, where there are colours.
func (p *Printer) Paint(t Tone, text string) string {
	if !p.Colour || codes[t] == "" || text == "" {
		return text
	}
	return codes[t] + text + "\x1b[0m"
}

type cell struct {
	text string
	tone Tone
}

type row []cell

const (
	between  = 2 // spaces
	leastFit = 8 // columns of a terminal that a shortened cell keeps
)

// table prints rows, the first of which is the heading.
func (p *Printer) table(rows []row) error {
	width := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, c := range r {
			width[i] = max(width[i], utf8.RuneCountInString(c.text))
		}
	}
	if p.Width > 0 {
		fit(width, p.Width)
	}
	w := bufio.NewWriter(p.Out)
	for _, r := range rows {
		p.line(w, r, width)
	}
	return w.Flush()
}

// fit takes from the widest columns until all stand side by side; the first is
// what things are called by, and gives way last.
func fit(width []int, into int) {
	left := into - between*(len(width)-1)
	for _, w := range width {
		left -= w
	}
	for ; left < 0; left++ {
		widest := 0
		for i := 1; i < len(width); i++ {
			if width[i] > leastFit && (widest == 0 || width[i] > width[widest]) {
				widest = i
			}
		}
		if width[widest] <= leastFit {
			return // the lines wrap
		}
		width[widest]--
	}
}

func (p *Printer) line(w *bufio.Writer, r row, width []int) {
	space := 0
	for i, c := range r {
		text := shorten(c.text, width[i])
		if text != "" {
			w.WriteString(strings.Repeat(" ", space))
			w.WriteString(p.Paint(c.tone, text))
			space = 0
		}
		space += width[i] - utf8.RuneCountInString(text) + between
	}
	w.WriteByte('\n')
}

// shorten cuts a text to so many columns and shows that it did.
func shorten(text string, to int) string {
	if utf8.RuneCountInString(text) <= to {
		return text
	}
	return string([]rune(text)[:to-1]) + "…"
}
