package print

import (
	"bufio"
	"io"
	"strings"
	"unicode/utf8"
)

// A Field is a line about one thing. One without a text is left out; in a text
// of several lines the others stand below the first.
type Field struct {
	Label, Text string
	Tone        Tone
}

// Fields writes lines about one thing, their texts below one another.
func (p *Printer) Fields(to io.Writer, all ...Field) error {
	width := 0
	for _, f := range all {
		if f.Text != "" {
			width = max(width, utf8.RuneCountInString(f.Label))
		}
	}
	w := bufio.NewWriter(to)
	for _, f := range all {
		if f.Text == "" {
			continue
		}
		label := f.Label
		for line := range strings.SplitSeq(f.Text, "\n") {
			w.WriteString(label + strings.Repeat(" ", width-utf8.RuneCountInString(label)+between))
			w.WriteString(p.Paint(f.Tone, Plain(line)) + "\n")
			label = ""
		}
	}
	return w.Flush()
}
