package main

import (
	"testing"

	"certwright/internal/must"

	"github.com/alecthomas/kong"
)

// JSON is asked for in the same way of every command, but of those that run a
// server and say by a line of it that they are ready.
func TestOneShape(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(&program{})
	must.Do(t, err)
	for _, leaf := range parser.Model.Leaves(false) {
		flags := map[string]*kong.Flag{}
		for _, f := range leaf.Flags {
			flags[f.Name] = f
		}
		path := leaf.Path()
		switch json, output := flags["json"], flags["output"]; {
		case path == "dev" || path == "serve":
			if json == nil || output != nil {
				t.Errorf("%s: its line of JSON is asked for by --json", path)
			}
		case json != nil && (output == nil || !json.Hidden):
			t.Errorf("%s has a --json of its own, not print.Format", path)
		}
	}
}
