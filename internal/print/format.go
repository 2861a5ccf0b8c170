package print

import (
	"io"
	"os"

	"golang.org/x/term"
)

// The forms that -o names.
const (
	AsTable = "table"
	AsJSON  = "json"
	AsLines = "jsonl"
	AsYAML  = "yaml"
	AsNames = "name"
)

// Format is the flags of a command that shows something; commands embed it.
type Format struct {
	Output string `short:"o" help:"How to print it: table (for people), json, jsonl (a line for each), yaml or name." enum:"table,json,jsonl,yaml,name" default:"table" placeholder:"FORM"`
	JSON   bool   `name:"json" hidden:"" help:"The same as -o json."`
	Color  string `help:"Colours: auto (on a terminal, unless NO_COLOR is set), always or never." enum:"auto,always,never" default:"auto" placeholder:"WHEN"`
}

// Form returns which form is asked for.
func (f Format) Form() string {
	if f.JSON {
		return AsJSON
	}
	if f.Output == "" {
		return AsTable
	}
	return f.Output
}

// People reports whether a person is to read it, so that a command may say more.
func (f Format) People() bool { return f.Form() == AsTable }

// On returns a printer: results go to out, what is only said goes to talk.
func (f Format) On(out, talk io.Writer) *Printer {
	p := &Printer{Out: out, Talk: talk, Form: f.Form()}
	if width, ok := terminal(out); ok {
		p.Width = width
		p.Colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	if f.Color != "" && f.Color != "auto" {
		p.Colour = f.Color == "always"
	}
	return p
}

// A Printer shows what a command found.
type Printer struct {
	Out, Talk io.Writer
	Form      string
	Width     int // columns of the terminal; 0: Out is none
	Colour    bool
}

// terminal returns how wide the terminal at the other end is, if there is one.
func terminal(out io.Writer) (width int, ok bool) {
	f, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	return width, err == nil && width > 0
}

// IsTerminal reports whether a person may sit at the other end of in.
func IsTerminal(in io.Reader) bool {
	f, ok := in.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// People reports whether a person is to read it.
func (p *Printer) People() bool { return p.Form == AsTable }
