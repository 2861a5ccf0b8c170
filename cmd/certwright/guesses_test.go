package main

import (
	"regexp"
	"strings"
	"testing"

	"certwright/internal/must"
	"certwright/internal/usage"

	"github.com/alecthomas/kong"
)

// Every row of the guesses is of something that cannot be typed, gets its hint,
// and leads to a command line that can.
func TestGuesses(t *testing.T) {
	t.Parallel()
	var p program
	k, err := kong.New(&p, kong.Name("certwright"), kong.PostBuild(withExamples))
	must.Do(t, err)
	rows := 0
	named := regexp.MustCompile(`certwright ([a-z]+(?: [a-z]+)?)`)
	for row := range strings.Lines(strings.TrimSpace(guessRows)) {
		cells := strings.Split(strings.TrimSpace(row), "|")
		if len(cells) != 3 {
			if row != "\n" {
				t.Errorf("a row with %d cells: %s", len(cells), row)
			}
			continue
		}
		rows++
		star := "cert show"
		switch {
		case strings.Contains(row, "--yes"):
			star = "cert delete"
		case strings.Contains(row, "--tag "):
			star = "cert new"
		}
		here := strings.TrimSpace(cells[1])
		if !strings.HasSuffix(here, "--help") && !strings.HasPrefix(here, "*") {
			if _, err := k.Parse(strings.Fields(here)); err != nil {
				t.Errorf("%s: certwright %s cannot be typed: %v", cells[0], here, err)
			}
		}
		for _, other := range named.FindAllStringSubmatch(cells[2], -1) {
			at := k.Model.Node
			for word := range strings.FieldsSeq(other[1]) {
				if len(at.Children) > 0 {
					if at = child(at, word); at == nil {
						t.Fatalf("%s: there is no %s", row, other[0])
					}
				}
			}
		}
		for typed := range strings.SplitSeq(cells[0], ",") {
			typed = strings.Replace(strings.TrimSpace(typed), "* ", star+" ", 1)
			_, err := k.Parse(strings.Fields(typed))
			if err == nil {
				t.Errorf("certwright %s can be typed", typed)
				continue
			}
			if got := usage.Explain(k.Model, strings.Fields(typed), err, guesses()).Error(); !strings.Contains(got, "\nhint: certwright "+strings.Replace(here, "*", star, 1)+" ") {
				t.Errorf("certwright %s: %s\nwant the hint certwright %s", typed, got, here)
			}
		}
	}
	if rows < 90 || len(guesses()) < 300 {
		t.Errorf("%d rows with %d guesses", rows, len(guesses()))
	}
}

func child(n *kong.Node, name string) *kong.Node {
	for _, c := range n.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}
