package main

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// A bar is met or missed on its right side, and what was not measured is neither.
func TestVerdicts(t *testing.T) {
	for want, r := range map[string]row{
		"ok":           atMost(4, 4, "a", "<= 4", "%d", 4),
		"**missed**":   atLeast(1.5, 1.49, "b", ">= 1.5", "1.49"),
		"not measured": {What: "c", Absent: "there is none"},
		"":             {What: "d", Value: 7},
	} {
		if got := r.verdict(); got != want {
			t.Errorf("%+v is %q, want %q", r, got, want)
		}
	}
	r := report{Rows: []row{atMost(4, 5, "what", "<= 4", "now 5"), {What: "other", Absent: "why"}}}
	var out strings.Builder
	if err := r.print(&out, false); err != nil || !r.missed() {
		t.Error(err)
	}
	for _, line := range []string{"| what | <= 4 | now 5 | **missed** |\n", "| other |  | why | not measured |\n"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("%s\nlacks %s", out.String(), line)
		}
	}
}

// One slow round moves neither a median nor a ratio.
func TestMedians(t *testing.T) {
	if got := median([]float64{3, 900, 2, 1}); got != 2.5 {
		t.Error(got)
	}
	if got := ratio([]float64{10, 1, 30}, []float64{5, 50, 15}); got != 2 {
		t.Error(got)
	}
}

// Contenders take turns, each round begins with another one, and one that fails
// ends it all.
func TestRounds(t *testing.T) {
	var turns strings.Builder
	last := ""
	of := func(name string, fails error) *contender {
		return &contender{name: name, pid: os.Getpid(), callers: []*caller{{}}, do: func(*caller) error {
			if name != last {
				turns.WriteString(name)
			}
			last = name
			return fails
		}}
	}
	s := scale{rounds: 3, length: 3 * time.Millisecond}
	got, err := s.inTurn(of("a", nil), of("b", nil))
	if err != nil || len(got[0].rates) != 3 || len(got[1].cpu) != 3 {
		t.Fatal(got, err)
	}
	if turns.String() != "ababab" { // warmed up: ab, then ab, ba, ab
		t.Error(turns.String())
	}
	if _, err := s.inTurn(of("a", nil), of("b", os.ErrClosed)); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}
