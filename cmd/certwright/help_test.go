package main

import (
	"strings"
	"testing"

	"certwright/internal/must"

	"github.com/alecthomas/kong"
)

// The help of every command has a line that can be typed.
func TestEveryHelpHasAnExample(t *testing.T) {
	t.Parallel()
	var p program
	k, err := kong.New(&p, kong.Name("certwright"), kong.PostBuild(withExamples))
	must.Do(t, err)
	seen, known := 0, map[string]bool{}
	must.Do(t, kong.Visit(k.Model, func(n kong.Visitable, next kong.Next) error {
		c, ok := n.(*kong.Node)
		if !ok || c.Type != kong.CommandNode || !c.Leaf() || c.Hidden {
			return next(nil)
		}
		seen++
		known[strings.TrimPrefix(c.FullPath(), "certwright ")] = true
		if !strings.Contains(c.Detail, "\n  "+c.FullPath()) && !strings.Contains(c.Detail, "$("+c.FullPath()) {
			t.Errorf("the help of %q has no example of it: %q", c.FullPath(), c.Detail)
		}
		return next(nil)
	}))
	for path := range examples {
		if !known[path] {
			t.Errorf("there is an example of %q, which is no command", path)
		}
	}
	if seen < 50 {
		t.Errorf("only %d commands were looked at", seen)
	}
}

// What the examples say can be typed: every flag and command in them is there.
func TestExamplesParse(t *testing.T) {
	t.Parallel()
	var p program
	k, err := kong.New(&p, kong.Name("certwright"), kong.PostBuild(withExamples))
	must.Do(t, err)
	tried := 0
	must.Do(t, kong.Visit(k.Model, func(n kong.Visitable, next kong.Next) error {
		c, ok := n.(*kong.Node)
		if !ok || c.Type != kong.CommandNode {
			return next(nil)
		}
		for line := range strings.Lines(c.Detail) {
			typed, found := strings.CutPrefix(line, "  certwright ")
			if !found {
				continue
			}
			tried++
			var again program
			k, err := kong.New(&again, kong.Name("certwright"))
			must.Do(t, err)
			if _, err := k.Parse(words(typed)); err != nil {
				t.Errorf("%s: %q: %v", c.FullPath(), typed, err)
			}
		}
		return next(nil)
	}))
	if tried < 50 {
		t.Errorf("only %d examples", tried)
	}
}

// words are those of a line up to where the shell does something else.
func words(line string) (all []string) {
	quote, word, begun := rune(0), "", false
	for _, r := range strings.TrimSpace(line) + " " {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word += string(r)
		case r == '\'' || r == '"':
			quote, begun = r, true
		case r == ' ' && (begun || word != ""):
			if strings.ContainsAny(word[:min(1, len(word))], "|>#&;") && !begun {
				return all
			}
			all, word, begun = append(all, word), "", false
		case r != ' ':
			word += string(r)
		}
	}
	return all
}
