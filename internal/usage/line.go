package usage

import (
	"strings"

	"github.com/alecthomas/kong"
)

// A line is how far a command line is understood.
type line struct {
	node   *kong.Node        // the command so far
	flags  map[string]string // those that are there, with their values
	words  []string          // arguments of the command that are no flags
	awaits *kong.Flag
	ended  bool // there are no more flags: "--" was there, or the command's own command line began

	wrong fault
	at    string // the word that is wrong
}

// A fault is what the first word that is wrong is.
type fault int

const (
	none fault = iota
	unknownFlag
	unknownCommand
	tooMany // an argument that the command does not take
)

// read goes through the words as the parser does.
func read(app *kong.Application, args []string) *line {
	l := &line{node: app.Node, flags: map[string]string{}}
	for _, word := range args {
		if l.take(word); l.wrong != none {
			break
		}
	}
	return l
}

func (l *line) take(word string) {
	switch {
	case l.awaits != nil:
		l.flags[l.awaits.Name], l.awaits = word, nil
	case l.ended, word == "-", !strings.HasPrefix(word, "-"):
		l.takeWord(word)
	case word == "--":
		l.ended = true
	case strings.HasPrefix(word, "--"):
		name, value, hasValue := strings.Cut(word[2:], "=")
		l.takeFlag(word, l.flag(name), value, hasValue)
	default:
		l.takeFlag(word, l.short(rune(word[1])), word[2:], len(word) > 2)
	}
}

func (l *line) takeFlag(word string, f *kong.Flag, value string, hasValue bool) {
	switch {
	case f == nil:
		l.wrong, l.at = unknownFlag, word
	case hasValue || f.IsBool() || f.IsCounter():
		l.flags[f.Name] = value
	default:
		l.awaits = f
	}
}

func (l *line) takeWord(word string) {
	if p := l.positional(); p != nil {
		l.words = append(l.words, word)
		l.ended = l.ended || p.Passthrough
		return
	}
	if child := childOf(l.node, word); child != nil {
		l.node, l.words = child, nil
		return
	}
	l.wrong, l.at = tooMany, word
	if len(l.node.Children) > 0 {
		l.wrong = unknownCommand
	}
}

// positional is the argument that the next word is; nil where the command takes
// no more.
func (l *line) positional() *kong.Positional {
	all := l.node.Positional
	switch n := len(l.words); {
	case n < len(all):
		return all[n]
	case n > 0 && len(all) > 0 && (all[len(all)-1].IsCumulative() || all[len(all)-1].Passthrough):
		return all[len(all)-1]
	}
	return nil
}

// flag is one of the command's flags, or of those above it, by its long name.
func (l *line) flag(name string) *kong.Flag {
	for _, f := range flagsOf(l.node) {
		if f.Name == name || f.Tag.Negatable != "" && "no-"+f.Name == name {
			return f
		}
		for _, alias := range f.Aliases {
			if alias == name {
				return f
			}
		}
	}
	return nil
}

func (l *line) short(letter rune) *kong.Flag {
	for _, f := range flagsOf(l.node) {
		if f.Short == letter {
			return f
		}
	}
	return nil
}

// flagsOf are the flags that may follow a command, its own last.
func flagsOf(n *kong.Node) (all []*kong.Flag) {
	for _, group := range n.AllFlags(false) {
		all = append(all, group...)
	}
	return all
}

func childOf(n *kong.Node, name string) *kong.Node {
	for _, c := range n.Children {
		if c.Name == name {
			return c
		}
		for _, alias := range c.Aliases {
			if alias == name {
				return c
			}
		}
	}
	return nil
}

// own is path without the program's name.
func own(n *kong.Node) string {
	if n.Parent == nil {
		return n.Name
	}
	return strings.TrimPrefix(path(n), rootOf(n).Name+" ")
}

func rootOf(n *kong.Node) *kong.Node {
	for n.Parent != nil {
		n = n.Parent
	}
	return n
}

// path is how a command is called, aliases left out.
func path(n *kong.Node) string {
	if n.Parent == nil {
		return n.Name
	}
	return path(n.Parent) + " " + n.Name
}
