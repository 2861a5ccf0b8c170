package vaults

import (
	"fmt"

	"certwright/internal/ask"
	"certwright/internal/print"
)

// Sure is the flag of commands that cannot be undone; commands embed it.
type Sure struct {
	Yes bool `short:"y" help:"Do not ask for the name first."`
}

// sure asks for the name of what goes, unless --yes was said; call is the command
// that was typed.
func (s Sure) sure(to print.Streams, call, what, name string) error {
	if s.Yes {
		return nil
	}
	p := ask.At(to)
	if p == nil {
		return misused("nobody can be asked here whether to %s\nhint: certwright %s --yes does it without asking", what, print.Plain(call))
	}
	text, err := p.Line("type "+name+" to "+what, "")
	if err != nil {
		return err
	}
	if text != name {
		return fmt.Errorf("%q is not %s: nothing was done", print.Plain(text), name)
	}
	return nil
}
