package usage

import (
	"fmt"
	"slices"
	"strings"

	"certwright/internal/print"
	"certwright/internal/setting"

	"github.com/alecthomas/kong"
)

// prefix begins the names of all variables of the program.
const prefix = "CERTWRIGHT_"

// Unknown returns what is to be said of each variable of the environment that
// looks like one of the program's and is none, by name. others are known too; one
// that ends in "*" stands for all that begin so.
func Unknown(app *kong.Application, environment []string, others ...string) (found []error) {
	known := append(variables(app.Node), others...)
	environment = slices.Sorted(slices.Values(environment))
	for _, entry := range environment {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, prefix) || isOneOf(name, known) {
			continue
		}
		hint := "unset it; " + app.Name + " dev --help and serve --help name those there are beside their flags"
		if near := setting.Nearest(name, known); near != "" {
			hint = fmt.Sprintf("did you mean %s?", near)
		}
		found = append(found, fmt.Errorf("the variable %s is unknown and does nothing\nhint: %s", print.Plain(name), hint))
	}
	return found
}

func isOneOf(name string, known []string) bool {
	for _, k := range known {
		if start, all := strings.CutSuffix(k, "*"); name == k || all && strings.HasPrefix(name, start) {
			return true
		}
	}
	return false
}

// variables are those that the flags of a command and of all below it read, each once.
func variables(n *kong.Node) (all []string) {
	seen := map[string]bool{}
	var of func(*kong.Node)
	of = func(n *kong.Node) {
		for _, f := range n.Flags {
			for _, name := range f.Envs {
				if !seen[name] {
					seen[name], all = true, append(all, name)
				}
			}
		}
		for _, c := range n.Children {
			of(c)
		}
	}
	of(n)
	return all
}
