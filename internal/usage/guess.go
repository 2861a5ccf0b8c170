package usage

import (
	"strings"
)

// Guesses are what people type who know other programs, as in "cert get" and "cert
// export --pfx"; "* --vault-name" is of every command.
type Guesses map[string]Guess

// A Guess is what to type instead: Call without the program's name, where "*" stands
// for the command that was typed, and what that does, in words.
type Guess struct{ Call, Words string }

// guess is what to type instead of a command or a flag that there is not; "" where
// nobody thought of it.
func (l *line) guess(all Guesses) string {
	word, _, _ := strings.Cut(strings.ToLower(l.at), "=")
	if l.node.Parent == nil {
		return all[word].text(l)
	}
	if g, ok := all[own(l.node)+" "+word]; ok {
		return g.text(l)
	}
	if g := all["* "+word]; l.wrong == unknownFlag && l.fits(g.Call) {
		return g.text(l)
	}
	return ""
}

func (g Guess) text(l *line) string {
	if g.Call == "" {
		return ""
	}
	call := rootOf(l.node).Name + " " + g.Call
	if rest, of := strings.CutPrefix(g.Call, "*"); of {
		call = path(l.node) + rest
	}
	return call + " " + g.Words
}

// fits reports whether the command takes what a call has: its flags, and a name.
func (l *line) fits(call string) bool {
	for word := range strings.FieldsSeq(call) {
		name, long := strings.CutPrefix(word, "--")
		switch {
		case long && l.flag(name) == nil, !long && word[0] == '-' && l.short(rune(word[1])) == nil:
			return false
		case call == "* "+word && word == "NAME" && len(l.node.Positional) == 0:
			return false
		}
	}
	return call != ""
}
