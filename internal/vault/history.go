package vault

import (
	"slices"
	"time"
	"unicode"
)

// What a history holds at most: its beginning and its end, in lines.
const (
	firstNotes = 20
	lastNotes  = 80
	noteLength = 1000 // bytes of a line
)

// A Note is one line of an operation's history: what was done, or what the
// authority said. The same line said again and again is one Note.
type Note struct {
	At, Last time.Time // when it was said first and last
	Times    int
	Text     string
	Later    Later `json:"-"`
}

// Noted returns the operation with a line added to its history.
func (o Operation) Noted(at time.Time, text string) Operation {
	if text == "" {
		return o
	}
	text = Clip(text, noteLength)
	o.History = slices.Clone(o.History)
	if n := len(o.History); n > 0 && o.History[n-1].Text == text {
		o.History[n-1].Last, o.History[n-1].Times = at, o.History[n-1].Times+1
		return o
	}
	o.History = append(o.History, Note{At: at, Last: at, Times: 1, Text: text})
	if len(o.History) > firstNotes+lastNotes {
		o.History = slices.Delete(o.History, firstNotes, firstNotes+1)
	}
	return o
}

// Clip cuts a text of others to at most n bytes, between characters, and turns
// what steers a terminal, ends a line or turns the direction of writing to spaces.
func Clip(text string, n int) string {
	if len(text) <= n && plain(text) {
		return text
	}
	clean := make([]rune, 0, min(len(text), n))
	size := 0
	for _, r := range text {
		if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			r = ' '
		}
		if size += len(string(r)); size > n {
			return string(clean) + "..."
		}
		clean = append(clean, r)
	}
	return string(clean)
}

// plain reports whether a text is printable ASCII, as most is.
func plain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
