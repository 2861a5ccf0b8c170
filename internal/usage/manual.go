package usage

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// A Manual writes pages for man(1), one for each command.
type Manual struct {
	Version, Date string // of the program, in the foot of each page
	Exits         []Choice
}

// PageName is what the page of a command is called, without its section.
func PageName(n *kong.Node) string { return strings.ReplaceAll(path(n), " ", "-") }

// Page is the page of a command, for a group of commands with a list of them.
func (m Manual) Page(n *kong.Node) string {
	p := &page{}
	p.line(".TH %q 1 %q %q %q", strings.ToUpper(PageName(n)), m.Date, "certwright "+m.Version, "Certwright")
	p.section("NAME")
	p.line("%s \\- %s", roff(PageName(n)), roff(strings.TrimSuffix(n.Help, ".")))
	p.section("SYNOPSIS")
	p.synopsis(n)
	text, examples := splitExamples(n.Detail)
	if text != "" {
		p.section("DESCRIPTION")
		p.text(text)
	}
	if len(n.Children) > 0 {
		p.section("COMMANDS")
		p.commands(n)
	}
	p.arguments(n)
	p.options(n)
	if examples != "" {
		p.section("EXAMPLES")
		p.text(examples)
	}
	p.environment(n)
	p.section("EXIT STATUS")
	for _, e := range m.Exits {
		p.item("\\fB"+e.Word+"\\fR", e.Means)
	}
	p.seeAlso(n)
	return p.b.String()
}

type page struct{ b strings.Builder }

func (p *page) line(format string, args ...any) { fmt.Fprintf(&p.b, format+"\n", args...) }

func (p *page) section(name string) { p.line(".SH %s", name) }

// item is a word and what it means; the word is roff already.
func (p *page) item(word, means string) {
	p.line(".TP\n%s", word)
	p.text(means)
}

// text are paragraphs; lines that begin with spaces are kept as they stand.
func (p *page) text(s string) {
	kept, parted := false, true // parted: a paragraph begins here anyway
	for l := range strings.SplitSeq(strings.Trim(s, "\n"), "\n") {
		if strings.TrimSpace(l) == "" {
			if kept {
				p.line(".RE\n.fi")
			}
			if kept || !parted {
				p.line(".PP")
			}
			kept, parted = false, true
			continue
		}
		if stands := strings.HasPrefix(l, "  "); stands && !kept {
			if !parted {
				p.line(".PP")
			}
			p.line(".nf\n.RS 4")
			kept = true
		} else if !stands && kept {
			p.line(".RE\n.fi")
			kept = false
		}
		parted = false
		p.line("%s", roff(strings.TrimSpace(l)))
	}
	if kept {
		p.line(".RE\n.fi")
	}
}

func (p *page) synopsis(n *kong.Node) {
	words := []string{"\\fB" + roff(path(n)) + "\\fR"}
	for _, f := range flagsOf(n) {
		if f.Required {
			words = append(words, signature(f))
		}
	}
	words = append(words, "[\\fIoptions\\fR]")
	for _, a := range n.Positional {
		words = append(words, "\\fI"+roff(a.Summary())+"\\fR")
	}
	if len(n.Children) > 0 {
		words = append(words, "\\fIcommand\\fR")
	}
	p.line("%s", strings.Join(words, " "))
}

func (p *page) commands(n *kong.Node) {
	for _, c := range n.Children {
		if !c.Hidden {
			p.item("\\fB"+roff(path(c))+"\\fR", c.Help)
		}
	}
}

func (p *page) arguments(n *kong.Node) {
	for i, a := range n.Positional {
		if i == 0 {
			p.section("ARGUMENTS")
		}
		p.item("\\fI"+roff(a.Summary())+"\\fR", a.Help)
	}
}

func (p *page) options(n *kong.Node) {
	p.section("OPTIONS")
	for _, f := range flagsOf(n) {
		if f.Hidden {
			continue
		}
		help := f.Help
		if len(f.Envs) > 0 {
			help += " (" + strings.Join(f.Envs, ", ") + ")"
		}
		p.item(signature(f), help)
	}
}

// signature is a flag as it is typed.
func signature(f *kong.Flag) string {
	text := "\\fB" + roff("--"+f.Name) + "\\fR"
	if f.Short != 0 {
		text = "\\fB" + roff("-"+string(f.Short)) + "\\fR, " + text
	}
	if !f.IsBool() && !f.IsCounter() {
		text += "=\\fI" + roff(f.FormatPlaceHolder()) + "\\fR"
	}
	return text
}

func (p *page) environment(n *kong.Node) {
	first := true
	for _, f := range flagsOf(n) {
		if f.Hidden {
			continue
		}
		for _, name := range f.Envs {
			if first {
				p.section("ENVIRONMENT")
				first = false
			}
			p.item("\\fB"+roff(name)+"\\fR", "As --"+f.Name+", which wins.")
		}
	}
}

func (p *page) seeAlso(n *kong.Node) {
	var all []string
	if n.Parent != nil {
		all = append(all, PageName(n.Parent))
	}
	for _, c := range n.Children {
		if !c.Hidden {
			all = append(all, PageName(c))
		}
	}
	for i, name := range all {
		if all[i] = "\\fB" + roff(name) + "\\fR(1)"; i < len(all)-1 {
			all[i] += ","
		}
	}
	p.section("SEE ALSO")
	p.line("%s", strings.Join(all, "\n"))
}

// splitExamples parts the examples that end a help from what is before them.
func splitExamples(detail string) (text, examples string) {
	for _, heading := range []string{"Examples:\n", "Example:\n"} {
		if before, after, ok := strings.Cut(detail, heading); ok {
			return strings.TrimSpace(before), after
		}
	}
	return strings.TrimSpace(detail), ""
}

// roff writes a text so that troff shows it as it is.
func roff(s string) string {
	s = strings.NewReplacer("\\", "\\e", "-", "\\-").Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = "\\&" + s
	}
	return s
}
