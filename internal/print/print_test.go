package print

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"

	"github.com/google/go-cmp/cmp"
)

type thing struct {
	Name  string `json:"name"`
	State string `json:"state"`
	Count int    `json:"count"`
}

var things = Table[thing]{
	Columns: []Column[thing]{
		{Head: "NAME", Cell: func(t thing) string { return t.Name }},
		{Head: "STATE", Cell: func(t thing) string { return t.State }, Tone: func(t thing) Tone {
			if t.State == "failed" {
				return Bad
			}
			return Plainly
		}},
		{Head: "COUNT", Cell: func(t thing) string { return fmt.Sprint(t.Count) }},
	},
	Name: func(t thing) string { return t.Name },
	None: "there is nothing",
}

var some = []thing{{"web", "failed", 1}, {"a<b", "yes", 20}}

func TestForms(t *testing.T) {
	t.Parallel()
	for form, want := range map[string]string{
		"":      "NAME  STATE   COUNT\nweb   failed  1\na<b   yes     20\n",
		AsJSON:  "[\n  {\"name\":\"web\",\"state\":\"failed\",\"count\":1},\n  {\"name\":\"a<b\",\"state\":\"yes\",\"count\":20}\n]\n",
		AsLines: "{\"name\":\"web\",\"state\":\"failed\",\"count\":1}\n{\"name\":\"a<b\",\"state\":\"yes\",\"count\":20}\n",
		AsYAML:  "- name: web\n  state: failed\n  count: 1\n- name: a<b\n  state: \"yes\"\n  count: 20\n",
		AsNames: "web\na<b\n",
	} {
		var out bytes.Buffer
		must.Do(t, List(Format{Output: form}.On(&out, io.Discard), things, Slice(some)))
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", form, diff)
		}
	}
}

// The older flag is the same as the form of JSON that is one whole.
func TestJSONFlag(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	must.Do(t, List(Format{JSON: true, Output: AsTable}.On(&out, io.Discard), things, Slice(some)))
	var got []thing
	must.Do(t, json.Unmarshal(out.Bytes(), &got))
	if diff := cmp.Diff(some, got); diff != "" {
		t.Error(diff)
	}
}

func TestNothing(t *testing.T) {
	t.Parallel()
	for form, want := range map[string][2]string{AsTable: {"", "there is nothing\n"}, AsJSON: {"[]\n", ""}, AsYAML: {"[]\n", ""}, AsLines: {"", ""}, AsNames: {"", ""}} {
		var out, talk bytes.Buffer
		must.Do(t, List(Format{Output: form}.On(&out, &talk), things, Slice([]thing{})))
		if got := [2]string{out.String(), talk.String()}; got != want {
			t.Errorf("%s: %q, want %q", form, got, want)
		}
	}
}

func TestOne(t *testing.T) {
	t.Parallel()
	for form, want := range map[string]string{
		AsTable: "as people read it\n",
		AsJSON:  "{\n  \"name\": \"a<b\",\n  \"state\": \"yes\",\n  \"count\": 20\n}\n",
		AsLines: "{\"name\":\"a<b\",\"state\":\"yes\",\"count\":20}\n",
		AsYAML:  "name: a<b\nstate: \"yes\"\ncount: 20\n",
		AsNames: "a<b\n",
	} {
		var out bytes.Buffer
		must.Do(t, Format{Output: form}.On(&out, io.Discard).One(some[1], some[1].Name, func(w io.Writer) error {
			_, err := fmt.Fprintln(w, "as people read it")
			return err
		}))
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", form, diff)
		}
	}
}

// All but a table is there before the next thing is asked for, and what was
// found before an error is shown.
func TestAsTheyCome(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	for form, want := range map[string]string{AsNames: "web\n", AsLines: `{"name":"web","state":"failed","count":1}` + "\n", AsYAML: "- name: web\n  state: failed\n  count: 1\n", AsJSON: `  {"name":"web"`, AsTable: ""} {
		var out bytes.Buffer
		var all iter.Seq2[thing, error] = func(yield func(thing, error) bool) {
			if yield(some[0], nil); !strings.Contains(out.String(), want) || form == AsTable && out.Len() > 0 {
				t.Errorf("%s: when the second is asked for, the output is %q", form, out.String())
			}
			yield(thing{}, gone)
		}
		if err := List(Format{Output: form}.On(&out, io.Discard), things, all); !errors.Is(err, gone) {
			t.Errorf("%s: %v", form, err)
		}
		if !strings.Contains(out.String(), "web") {
			t.Errorf("%s: what came before the error is not shown: %q", form, out.String())
		}
	}
}

// A table fits the terminal: the widest columns give way, what things are called by last.
func TestFits(t *testing.T) {
	t.Parallel()
	long := thing{"a-name-of-20-letters", strings.Repeat("état ", 30), 1}
	for width := 37; width < 180; width += 7 {
		var out bytes.Buffer
		p := Format{}.On(&out, io.Discard)
		p.Width = width
		must.Do(t, List(p, things, Slice([]thing{long})))
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if n := len([]rune(lines[1])); n > width {
			t.Errorf("at %d: %d columns: %s", width, n, lines[1])
		}
		if !strings.HasPrefix(lines[1], long.Name+"  é") {
			t.Errorf("at %d the name gave way: %s", width, lines[1])
		}
		if whole := strings.Contains(lines[1], strings.TrimSpace(long.State)); whole == strings.Contains(lines[1], "…") {
			t.Errorf("at %d: %s", width, lines[1])
		}
	}
}

func TestColours(t *testing.T) {
	t.Parallel()
	for when, want := range map[string]string{
		"auto":   "web   failed  1\n", // a buffer is no terminal
		"never":  "web   failed  1\n",
		"always": "web   \x1b[31mfailed\x1b[0m  1\n",
	} {
		var out bytes.Buffer
		must.Do(t, List(Format{Color: when}.On(&out, io.Discard), things, Slice(some[:1])))
		if !strings.HasSuffix(out.String(), want) {
			t.Errorf("%s: %q", when, out.String())
		}
	}
}

// Texts of others cannot steer the terminal.
func TestPlain(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	bad := thing{"web\x1b[2J", "a\nb\u202e", 1}
	must.Do(t, List(Format{}.On(&out, io.Discard), things, Slice([]thing{bad})))
	must.Do(t, List(Format{Output: AsNames}.On(&out, io.Discard), things, Slice([]thing{bad})))
	must.Do(t, Format{}.On(&out, io.Discard).Fields(&out, Field{Label: "state", Text: "a\rb"}))
	if strings.ContainsAny(out.String(), "\x1b\r\u202e") || strings.Count(out.String(), "\n") != 4 {
		t.Errorf("%q", out.String())
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := Format{}.On(&out, io.Discard)
	must.Do(t, p.Fields(&out, Field{Label: "state", Text: "completed"}, Field{Label: "none"}, Field{Label: "hosts", Text: "a.example\nb.example"}, Field{Label: "id", Text: "1"}))
	if want := "state  completed\nhosts  a.example\n       b.example\nid     1\n"; out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestWhen(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]string{
		12*day + time.Hour: "in 12 days (2026-12-10)",
		36 * time.Hour:     "in 36 hours (2026-11-30 00:00Z)",
		-90 * time.Second:  "90 seconds ago (2026-11-28 11:58Z)",
		-400 * day:         "400 days ago (2025-10-24)",
		0:                  "now (2026-11-28 12:00Z)",
		time.Second:        "in 1 second (2026-11-28 12:00Z)",
	} {
		if got := When(now, now.Add(after)); got != want {
			t.Errorf("%s: %q, want %q", after, got, want)
		}
	}
}
