package server

import (
	"regexp"
	"strings"
)

// wrongType is what the parser says of a value that a setting cannot hold: the
// value between backquotes, unless it is a list or a mapping, and a type of Go.
var wrongType = regexp.MustCompile("^cannot construct !!(\\w+)(?: `(.*)`)? into (.+)$")

// inWords says what a parser says in the words of somebody who writes the file.
func inWords(said string) string {
	if strings.Contains(said, "cannot start any token") {
		return "this character cannot stand here\nhint: indent with spaces, not tabs; put quotes around a text that begins with @, ` or %"
	}
	m := wrongType.FindStringSubmatch(said)
	if m == nil {
		return said
	}
	what := map[string]string{"seq": "a list", "map": "a mapping"}[m[1]]
	if what == "" {
		what = `"` + m[2] + `"`
	}
	return what + " cannot stand here: " + wanted(m[3])
}

// wanted says what a setting of a Go type takes.
func wanted(of string) string {
	switch {
	case of == "time.Duration":
		return "write a duration, as in 30s, 10m or 6h"
	case of == "bool":
		return "write true or false"
	case strings.HasPrefix(of, "int"), strings.HasPrefix(of, "uint"):
		return "write a whole number"
	case of == "string":
		return "write a text"
	case strings.HasPrefix(of, "[]"):
		return "write a list, as in [a, b]"
	}
	return "write keys and values, as in {key: value}"
}
