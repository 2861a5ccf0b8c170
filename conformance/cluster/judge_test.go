package cluster

import (
	"testing"

	"github.com/anishathalye/porcupine"

	"certwright/conformance/ledger"
)

// The judge of histories can tell what may be from what may not: else that it
// finds nothing would say nothing.
func TestJudge(t *testing.T) {
	t.Parallel()
	set := func(v string) asked { return asked{do: "set", value: v} }
	get, disable, create, cancel, read, pending := asked{do: "get"}, asked{do: "disable"}, asked{do: "create"}, asked{do: "cancel"}, asked{do: "read"}, asked{do: "pending"}
	bring := asked{do: "import", brought: ledger.Brought{Certificate: "cer"}}
	done, lost := got{status: 200}, got{unknown: true}
	of := func(v string) got { return got{status: 200, text: v} }
	order := got{status: 202, text: "inProgress", id: "1"}
	is := func(text string, asked bool) got { return got{status: 200, text: text, id: "1", cancelled: asked} }
	type line struct {
		from, to int64
		in       asked
		out      got
	}
	for what, c := range map[string]struct {
		may   bool
		lines []line
	}{
		"what was written is read":                       {true, []line{{0, 1, set("a"), done}, {2, 3, get, of("a")}}},
		"a stale read":                                   {false, []line{{0, 1, set("a"), done}, {2, 3, set("b"), done}, {4, 5, get, of("a")}}},
		"a read beside a write may see either":           {true, []line{{0, 1, set("a"), done}, {2, 5, set("b"), done}, {3, 4, get, of("a")}}},
		"what was seen does not go back":                 {false, []line{{0, 1, set("a"), done}, {2, 9, set("b"), done}, {3, 4, get, of("b")}, {5, 6, get, of("a")}}},
		"an acknowledged write is lost":                  {false, []line{{0, 1, set("a"), done}, {2, 3, get, got{status: 404}}}},
		"a write whose answer was lost is there":         {true, []line{{0, unended, set("a"), lost}, {2, 3, get, of("a")}}},
		"a write whose answer was lost is not there":     {true, []line{{0, unended, set("a"), lost}, {2, 3, get, got{status: 404}}}},
		"a write whose answer was lost comes late":       {true, []line{{0, unended, set("a"), lost}, {2, 3, get, got{status: 404}}, {4, 5, get, of("a")}}},
		"a write whose answer was lost comes and goes":   {false, []line{{0, unended, set("a"), lost}, {2, 3, get, of("a")}, {4, 5, get, got{status: 404}}}},
		"a disabled secret is shown":                     {false, []line{{0, 1, set("a"), done}, {2, 3, disable, done}, {4, 5, get, of("a")}}},
		"a disabled secret is refused":                   {true, []line{{0, 1, set("a"), done}, {2, 3, disable, done}, {4, 5, get, got{status: 403}}}},
		"two orders at once":                             {false, []line{{0, 1, create, order}, {2, 3, create, got{status: 202, id: "2"}}}},
		"a second order is refused":                      {true, []line{{0, 1, create, order}, {2, 3, create, got{status: 409}}}},
		"another order than the one that was taken":      {false, []line{{0, 1, create, order}, {2, 3, pending, got{status: 200, text: "inProgress", id: "2"}}}},
		"an order is cancelled some time":                {true, []line{{0, 1, create, order}, {2, 3, cancel, is("inProgress", true)}, {4, 5, pending, is("inProgress", true)}, {6, 7, pending, is("cancelled", true)}}},
		"an order is cancelled that nobody cancelled":    {false, []line{{0, 1, create, order}, {2, 3, pending, is("cancelled", true)}}},
		"a cancelled order goes on":                      {false, []line{{0, 1, create, order}, {2, 3, cancel, is("inProgress", true)}, {4, 5, pending, is("cancelled", true)}, {6, 7, pending, is("inProgress", true)}}},
		"a cancel is forgotten":                          {false, []line{{0, 1, create, order}, {2, 3, cancel, is("inProgress", true)}, {4, 5, pending, is("inProgress", false)}}},
		"an import while an order is in progress":        {false, []line{{0, 1, create, order}, {2, 3, bring, done}}},
		"an import takes the place of a cancelled order": {true, []line{{0, 1, create, order}, {2, 3, cancel, is("inProgress", true)}, {4, 5, bring, done}, {6, 7, pending, got{status: 404}}, {8, 9, read, of("cer")}}},
		"an imported certificate is not there":           {false, []line{{0, 1, bring, done}, {2, 3, read, got{status: 404}}}},
	} {
		h := &history{}
		for _, l := range c.lines {
			h.ops = append(h.ops, porcupine.Operation{Input: l.in, Output: l.out, Call: l.from, Return: l.to})
		}
		if _, wrong := h.judge(t); (len(wrong) == 0) != c.may {
			t.Errorf("%s: the judge says %q", what, wrong)
		}
	}
}
