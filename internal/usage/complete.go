package usage

import (
	"maps"
	"os"
	"strings"

	"github.com/alecthomas/kong"
)

// A Choice is a word that may stand next on a command line, and what it means.
type Choice struct{ Word, Means string }

// A Place is where the words come from that only the program knows: names of
// what a server has.
type Place struct {
	Command  string // with its groups, as in "cert show"
	Flag     string // whose value is wanted; "" for an argument
	Argument string // by its name
	Words    []string
	Flags    map[string]string // that were there before, or whose variable is set, with their values
}

// Complete returns what the last of the words, which may be "", can become.
// files is true where it is the path of a file.
func Complete(app *kong.Application, words []string, values func(Place) []Choice) (choices []Choice, files bool) {
	typed := ""
	if n := len(words); n > 0 {
		words, typed = words[:n-1], words[n-1]
	}
	l := read(app, words)
	before := ""
	switch {
	case l.wrong != none:
		return nil, false
	case l.awaits != nil:
		choices, files = l.values(l.awaits.Value, values)
	case !l.ended && strings.HasPrefix(typed, "--") && strings.Contains(typed, "="):
		name, _, _ := strings.Cut(typed[2:], "=")
		before = "--" + name + "="
		if f := l.flag(name); f != nil {
			choices, files = l.values(f.Value, values)
		}
	case !l.ended && strings.HasPrefix(typed, "-"):
		choices = l.flagChoices()
	default:
		choices, files = l.wordChoices(values)
	}
	var fit []Choice
	for _, c := range choices {
		if c.Word = before + c.Word; strings.HasPrefix(c.Word, typed) {
			fit = append(fit, c)
		}
	}
	return fit, files
}

// wordChoices are commands, or what an argument may be.
func (l *line) wordChoices(values func(Place) []Choice) (all []Choice, files bool) {
	if p := l.positional(); p != nil {
		return l.values(p, values)
	}
	for _, c := range l.node.Children {
		if !c.Hidden {
			all = append(all, Choice{c.Name, c.Help})
		}
	}
	return all, false
}

// flagChoices are the flags that are not there yet, or may be there again.
func (l *line) flagChoices() (all []Choice) {
	for _, f := range flagsOf(l.node) {
		if _, said := l.flags[f.Name]; f.Hidden || said && !f.IsCumulative() {
			continue
		}
		all = append(all, Choice{"--" + f.Name, f.Help})
	}
	return all
}

// values are what a flag or an argument may be.
func (l *line) values(v *kong.Value, values func(Place) []Choice) (all []Choice, files bool) {
	if v.Enum != "" {
		for _, word := range v.EnumSlice() {
			if word != "" {
				all = append(all, Choice{Word: word})
			}
		}
		return all, false
	}
	p := Place{Command: own(l.node), Words: l.words, Flags: l.inForce()}
	if v.Flag != nil {
		p.Flag = v.Name
	} else {
		p.Argument = v.Name
	}
	return values(p), isFile(v)
}

// inForce are the flags that are there, and those whose variable is set.
func (l *line) inForce() map[string]string {
	all := maps.Clone(l.flags)
	for _, f := range flagsOf(l.node) {
		for _, name := range f.Envs {
			if _, said := all[f.Name]; !said && os.Getenv(name) != "" {
				all[f.Name] = os.Getenv(name)
			}
		}
	}
	return all
}

// isFile reports whether a value is the path of a file or a folder.
func isFile(v *kong.Value) bool {
	if v.Flag != nil {
		return v.Flag.PlaceHolder == "FILE" || v.Flag.PlaceHolder == "DIR"
	}
	return v.Name == "file" || v.Name == "files" || v.Name == "to" || v.Name == "from" || v.Passthrough
}
