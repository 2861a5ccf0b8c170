package print

import "io"

// Streams are where a command reads and writes: results go to Out, talk to Err.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// On returns a printer of the form that the flags say.
func (s Streams) On(f Format) *Printer { return f.On(s.Out, s.Err) }
