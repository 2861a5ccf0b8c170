package usage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"certwright/internal/print"
	"certwright/internal/setting"

	"github.com/alecthomas/kong"
)

// A Misuser is a command that says itself what is wrong with its arguments, where
// it knows better than its flags do; nil where it does not.
type Misuser interface {
	Misused(args []string) error
}

// Explain returns what is wrong with a command line that the parser refused, and,
// on a line of its own that begins with "hint: ", what to type instead.
func Explain(app *kong.Application, args []string, refused error, known Guesses) error {
	l := read(app, args)
	if m, ok := target(l.node).(Misuser); ok {
		if err := m.Misused(args); err != nil {
			return err
		}
	}
	what, hint := l.explain(app, refused)
	if l.wrong == unknownCommand || l.wrong == unknownFlag {
		hint = cmp.Or(l.guess(known), hint)
	}
	return fmt.Errorf("%s\nhint: %s", what, hint)
}

// target is the struct of a command, with its methods.
func target(n *kong.Node) any {
	if !n.Target.IsValid() || !n.Target.CanInterface() {
		return nil
	}
	return n.Target.Interface()
}

func (l *line) explain(app *kong.Application, refused error) (what, hint string) {
	switch {
	case l.wrong == unknownFlag:
		return "unknown flag " + print.Plain(l.at), l.flagHint(app)
	case l.wrong == unknownCommand:
		return fmt.Sprintf("unknown command %s", print.Plain(strings.TrimSpace(strings.TrimPrefix(path(l.node), app.Name)+" "+l.at))), l.commandHint(app)
	case l.wrong == tooMany:
		return fmt.Sprintf("%s takes no argument %s", own(l.node), print.Plain(l.at)), l.argumentHint()
	case l.awaits != nil:
		return fmt.Sprintf("--%s wants a value: %s", l.awaits.Name, sentence(l.awaits.Help)), l.valueHint(l.awaits)
	case len(l.node.Children) > 0:
		return own(l.node) + " wants one of its commands", commandsHint(l.node)
	}
	if p := l.positional(); p != nil && p.Required && len(l.words) < len(l.node.Positional) {
		return fmt.Sprintf("%s wants %s: %s", own(l.node), p.Summary(), sentence(p.Help)), cmp.Or(example(l.node), call(l.node))
	}
	if missing := l.missing(); len(missing) > 0 {
		return fmt.Sprintf("%s wants %s", own(l.node), strings.Join(missing, ", ")), cmp.Or(example(l.node), call(l.node))
	}
	return l.explainValue(refused)
}

// explainValue is about a value that is not one of those that may be: the
// parser's own words, and what the flag or the variable takes.
func (l *line) explainValue(refused error) (what, hint string) {
	what = refused.Error()
	f := l.named(what)
	if f == nil {
		return what, path(l.node) + " --help lists its arguments and flags"
	}
	return what, l.valueHint(f)
}

// missing are the flags that the command cannot do without.
func (l *line) missing() (names []string) {
	for _, f := range flagsOf(l.node) {
		if _, said := l.flags[f.Name]; f.Required && !f.Set && !said {
			names = append(names, f.Summary())
		}
	}
	return names
}

// named is the flag that an error of the parser names.
func (l *line) named(text string) (found *kong.Flag) {
	for _, f := range flagsOf(l.node) {
		for _, name := range append([]string{"--" + f.Name}, f.Envs...) {
			if at := strings.Index(text, name); at >= 0 && !continues(text[at+len(name):]) {
				found = f
			}
		}
	}
	return found
}

func continues(rest string) bool {
	return rest != "" && strings.ContainsAny(rest[:1], "-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
}

// valueHint says which values a flag takes.
func (l *line) valueHint(f *kong.Flag) string {
	if f.Enum != "" {
		return fmt.Sprintf("use --%s with %s", f.Name, either(slices.DeleteFunc(f.EnumSlice(), func(word string) bool { return word == "" })))
	}
	switch f.Target.Kind().String() + " " + f.Target.Type().String() {
	case "int64 time.Duration":
		return fmt.Sprintf("write a number with its unit, as in --%s 30s, 10m or 24h", f.Name)
	case "int int", "int64 int64":
		return fmt.Sprintf("write a whole number, as in --%s 30", f.Name)
	}
	if f.IsBool() {
		return fmt.Sprintf("write --%s alone, or --%[1]s=false", f.Name)
	}
	return fmt.Sprintf("%s --%s %s", path(l.node), f.Name, f.FormatPlaceHolder())
}

// flagHint leads from an unknown flag to the one that was meant.
func (l *line) flagHint(app *kong.Application) string {
	name, value, hasValue := strings.Cut(strings.TrimLeft(l.at, "-"), "=")
	if f := l.flag(name); f != nil { // one dash, or three
		return "write two dashes: --" + f.Name
	}
	var names []string
	for _, f := range flagsOf(l.node) {
		names = append(names, f.Name)
	}
	if near := setting.Nearest(name, names); near != "" && len(name) > 1 {
		if hasValue {
			near += "=" + print.Plain(value)
		}
		return fmt.Sprintf("did you mean --%s?", near)
	}
	if l.node == app.Node {
		return "flags follow the command, as in certwright dev --data DIR; certwright --help lists the commands"
	}
	if whose := commandsWith(app, name); len(whose) > 0 {
		return fmt.Sprintf("%s %s that flag; %s --help lists those of this command", either(whose), has(whose), path(l.node))
	}
	return path(l.node) + " --help lists its arguments and flags"
}

func has(names []string) string {
	if len(names) == 1 {
		return "has"
	}
	return "have"
}

// commandsWith are the first commands that have a flag.
func commandsWith(app *kong.Application, name string) (found []string) {
	for _, leaf := range app.Leaves(true) {
		for _, f := range leaf.Flags {
			if f.Name == name && len(found) < 3 {
				found = append(found, path(leaf))
			}
		}
	}
	return found
}

// commandHint leads from an unknown command to the one that was meant.
func (l *line) commandHint(app *kong.Application) string {
	var names []string
	for _, c := range l.node.Children {
		if !c.Hidden {
			names = append(names, c.Name)
		}
		names = append(names, c.Aliases...)
	}
	if near := setting.Nearest(l.at, names); near != "" {
		return fmt.Sprintf("did you mean %s %s?", path(l.node), near)
	}
	for _, n := range app.Leaves(true) { // as in "certwright rollover"
		if n.Name == l.at && l.node.Parent == nil {
			return "did you mean " + path(n) + "?"
		}
	}
	return path(l.node) + " --help lists the commands"
}

// argumentHint leads from an argument too many to the flag that takes it.
func (l *line) argumentHint() string {
	if f := l.flag("vault"); f != nil && len(l.node.Positional) == 0 && !strings.ContainsAny(l.at, "/.=:") {
		return fmt.Sprintf("%s --vault %s, if a vault is meant; %[1]s --help lists its flags", path(l.node), print.Plain(l.at))
	}
	return call(l.node) + "; a name with spaces in it stands in quotes"
}

// commandsHint lists the commands of a group, one on each line.
func commandsHint(n *kong.Node) string {
	if n.Parent == nil {
		return n.Name + " --help lists the commands"
	}
	var lines []string
	for _, c := range n.Children {
		if !c.Hidden {
			lines = append(lines, fmt.Sprintf("  %s  %s", call(c), c.Help))
		}
	}
	return "type one of these\n" + strings.Join(lines, "\n")
}

// call is how a command is called, with its arguments.
func call(n *kong.Node) string {
	words := []string{path(n)}
	for _, group := range n.AllFlags(true) {
		for _, f := range group {
			if f.Required {
				words = append(words, f.Summary())
			}
		}
	}
	for _, p := range n.Positional {
		words = append(words, p.Summary())
	}
	return strings.Join(words, " ")
}

// example is the first line of the examples in a command's help; "" for none.
func example(n *kong.Node) string {
	_, after, _ := strings.Cut(n.Detail, "Example")
	for text := range strings.SplitSeq(after, "\n") {
		if text = strings.TrimSpace(text); strings.HasPrefix(text, "certwright ") {
			return "as in " + text
		}
	}
	return ""
}

func either(words []string) string {
	if n := len(words) - 1; n > 0 {
		return strings.Join(words[:n], ", ") + " or " + words[n]
	}
	return strings.Join(words, "")
}

// sentence is a flag's help as it follows a colon.
func sentence(help string) string {
	help = strings.TrimSuffix(help, ".")
	if strings.HasPrefix(help, "The ") || strings.HasPrefix(help, "A ") || strings.HasPrefix(help, "What ") {
		return strings.ToLower(help[:1]) + help[1:]
	}
	return help
}
