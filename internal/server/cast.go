package server

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Cast says which providers a real authority stands behind, and which are
// played by the scripted issuer.
type Cast struct {
	Real   []string // with their kinds, as in "DigiCert (digicert)"
	Played []string // because the configuration says so
	Strict bool     // every other one is refused, else it is played
}

// Cast says who stands behind the providers of this server.
func (s *storage) Cast() Cast {
	c := Cast{Strict: s.config.StrictProviders}
	all := withInternal(s.config.Providers)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if kind := all[name].Kind; kind == "scripted" {
			c.Played = append(c.Played, name)
		} else {
			c.Real = append(c.Real, fmt.Sprintf("%s (%s)", name, kind))
		}
	}
	return c
}

// Lines are what people read of the cast: a word and who it is about.
func (c Cast) Lines() [][2]string {
	const others = "every other provider" // there is always one: Internal
	var lines [][2]string
	add := func(word string, who []string) {
		if len(who) > 0 {
			lines = append(lines, [2]string{word, strings.Join(who, ", ")})
		}
	}
	add("real", c.Real)
	if c.Strict {
		add("played", c.Played)
		add("refused", []string{others})
	} else {
		add("played", append(slices.Clone(c.Played), others))
	}
	return lines
}
