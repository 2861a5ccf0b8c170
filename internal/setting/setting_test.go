package setting_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"certwright/internal/setting"

	"github.com/google/go-cmp/cmp"
)

// A house is settings of every sort.
type house struct {
	Name   string
	Plan   string
	Floors int
	Cost   int64
	Open   bool
	Lift   *bool
	Age    time.Duration
	Rooms  []string
	Colour map[string]string
	Guests map[string][]string
	Cellar *door
	Front  door
	Doors  []door
	Named  map[string]door
	Kinds  map[string]any
	Gates  []any
}

func (h *house) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("name", &h.Name), setting.File("plan", &h.Plan), setting.Number("floors", &h.Floors), setting.Number("cost", &h.Cost),
		setting.Switch("open", &h.Open), setting.Choice("lift", &h.Lift), setting.Duration("age", &h.Age), setting.Texts("rooms", &h.Rooms),
		setting.TextMap("colour", &h.Colour), setting.TextsMap("guests", &h.Guests), setting.Optional("cellar", &h.Cellar), setting.Group("front", &h.Front),
		setting.List("doors", &h.Doors), setting.Map("named", &h.Named),
		setting.Later("garden"), setting.Variants("kinds", "kind", &h.Kinds, func(kind string) (any, []setting.Field, bool) {
			if d := new(door); kind == "door" {
				return d, d.Fields(), true
			}
			return kind, nil, kind != "gate"
		}), setting.OneOf("gates", "kind", "door", &h.Gates, func(kind string) (any, []setting.Field, bool) {
			if d := new(door); kind == "door" {
				return d, d.Fields(), true
			}
			return kind, nil, kind != "gate"
		}),
	}
}

type door struct {
	Lock string
	Key  string
}

func (d *door) Fields() []setting.Field {
	return []setting.Field{setting.Text("lock", &d.Lock), setting.File("key_file", &d.Key)}
}

func TestRead(t *testing.T) {
	t.Parallel()
	var got house
	err := setting.Read([]byte(`
name: 12
plan: plans/a.pdf
floors: 3
cost: 5000000000
open: true
lift: false
age: 30d
rooms: &r [hall, bath]
colour: {wall: white}
guests: {hall: *r, attic: [cat]}
cellar: {lock: old}
front: &d {lock: new, key_file: /abs/key}
doors: [{lock: a}, *d]
named: {back: *d, side: {key_file: ../k}}
kinds: {A: {kind: door, lock: x}, B: {kind: gate, height: 3}, C: {}}
gates: [old, {kind: door, key_file: k}, {kind: gate, height: 3}]
`), got.Fields(), "/etc/house")
	want := house{Name: "12", Plan: "/etc/house/plans/a.pdf", Floors: 3, Cost: 5e9, Open: true, Lift: new(false), Age: 720 * time.Hour,
		Rooms: []string{"hall", "bath"}, Colour: map[string]string{"wall": "white"}, Guests: map[string][]string{"hall": {"hall", "bath"}, "attic": {"cat"}}, Cellar: &door{Lock: "old"}, Front: door{"new", "/abs/key"},
		Doors: []door{{Lock: "a"}, {"new", "/abs/key"}}, Named: map[string]door{"back": {"new", "/abs/key"}, "side": {Key: filepath.FromSlash("/etc/k")}},
		Kinds: map[string]any{"A": &door{Lock: "x"}, "B": "gate", "C": ""}, Gates: []any{&door{Lock: "old"}, &door{Key: "/etc/house/k"}, "gate"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, f := range got.Fields() {
		if !f.Set() && f.Key != "garden" {
			t.Errorf("%s is not set", f.Key)
		}
		if f := f; (&house{}).Fields()[indexOf(f.Key)].Set() {
			t.Errorf("%s is set in the zero value", f.Key)
		}
	}
}

func indexOf(key string) int {
	for i, f := range (&house{}).Fields() {
		if f.Key == key {
			return i
		}
	}
	return -1
}

// One thing needs no list.
func TestReadOneOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]any{
		"gates: iron":                     {&door{Lock: "iron"}},
		"gates: {kind: door, lock: iron}": {&door{Lock: "iron"}},
		"gates: [iron]":                   {&door{Lock: "iron"}},
		"gates: []":                       nil,
		"gates:":                          nil,
	} {
		var got house
		err := setting.Read([]byte(text), got.Fields(), "/")
		if diff := cmp.Diff(want, got.Gates); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
}

// A path may begin in the environment.
func TestFileOfTheEnvironment(t *testing.T) {
	t.Setenv("HOUSE_PLANS", "/run/plans")
	for text, want := range map[string]string{"${HOUSE_PLANS}/a": "/run/plans/a", "a${HOUSE_PLANS}": "/etc/a/run/plans", "$HOUSE_PLANS": "/etc/$HOUSE_PLANS"} {
		var got house
		if err := setting.Read([]byte("plan: "+text), got.Fields(), "/etc"); err != nil || got.Plan != filepath.FromSlash(want) {
			t.Errorf("%s: %q, %v", text, got.Plan, err)
		}
	}
	var got house
	err := setting.Read([]byte("plan: ${HOUSE_NOTHING}/a"), got.Fields(), "/etc")
	if err == nil || !strings.Contains(err.Error(), "${HOUSE_NOTHING}/a\" is invalid") || !strings.Contains(err.Error(), "variable of the environment") {
		t.Errorf("a variable that is not set: %v", err)
	}
}

func TestNothingIsRead(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "\n", "# nothing\n", "---\n", "null\n", "name:\nfront:\ndoors:\nnamed:\nrooms:\nage: ~\n"} {
		var got house
		if err := setting.Read([]byte(text), got.Fields(), "."); err != nil || got.Name != "" || got.Doors != nil || got.Named != nil {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"name: a\nnme: b\n":                     "line 2: unknown setting \"nme\"\nhint: did you mean name?",
		"FLO-ORS: 1\n":                          "line 1: unknown setting \"FLO-ORS\"\nhint: did you mean floors?",
		"x: y\n":                                "line 1: unknown setting \"x\"\nhint: use one of name, plan,",
		"garden: {}\n":                          "line 1: garden: this release does not have it yet; leave it out",
		"name: a\nname: b\n":                    "line 2: \"name\" is set twice",
		"named: {a: {}, a: {}}\n":               "line 1: named: \"a\" is set twice",
		"name: [a]\n":                           "line 1: name: a list is invalid: write a text",
		"plan: {}\n":                            "line 1: plan: a mapping is invalid: write the path of a file",
		"floors: many\n":                        "line 1: floors: \"many\" is invalid: write a whole number",
		"floors: 1.5\n":                         "line 1: floors: \"1.5\" is invalid: write a whole number",
		"floors: 99999999999999999999\n":        "line 1: floors: \"99999999999999999999\" is invalid",
		"open: maybe\n":                         "line 1: open: \"maybe\" is invalid: write true or false",
		"lift: 1\n":                             "line 1: lift: \"1\" is invalid: write true or false",
		"age: 6\n":                              "line 1: age: \"6\" is invalid: use a duration, as in",
		"age: 1.5d\n":                           "line 1: age: \"1.5d\" is invalid: use a duration, as in",
		"rooms: hall\n":                         "line 1: rooms: \"hall\" is invalid: write a list",
		"rooms: [[a]]\n":                        "line 1: rooms: a list is invalid: write a text",
		"guests: {hall: cat}\n":                 "line 1: guests: hall: \"cat\" is invalid: write a list",
		"front: new\n":                          "line 1: front: \"new\" is invalid: write keys and values",
		"doors:\n- lock: a\n  lok: b\n":         "line 3: doors: unknown setting \"lok\"\nhint: did you mean lock?",
		"cellar:\n  lock: {}\n":                 "line 2: cellar: lock: a mapping is invalid",
		"named:\n  a: {}\n  b: {loc: x}\n":      "line 3: named: b: unknown setting \"loc\"",
		"kinds: {A: {kind: door, window: x}}":   "line 1: kinds: A: unknown setting \"window\"\nhint: use one of kind, lock, key_file",
		"kinds: {A: {kind: {kind: door}}}":      "line 1: kinds: A: kind: a mapping is invalid",
		"gates: {kind: door, window: x}":        "line 1: gates: unknown setting \"window\"\nhint: use one of kind, lock, key_file",
		"gates: [{kind: door, lock: [a]}]":      "line 1: gates: lock: a list is invalid",
		"gates: [[a]]":                          "line 1: gates: a list is invalid",
		"kinds: [a]\n":                          "line 1: kinds: a list is invalid",
		"front: &f {lock: a}\ncellar: {<<: *f}": "line 2: cellar: unknown setting \"<<\"",
		"- a\n":                                 "line 1: the file must hold keys and values",
		"just text\n":                           "line 1: the file must hold keys and values",
		"\tname: a\n":                           "line 1: this is not YAML: ",
		"name: [\n":                             "line ",
		"name: a\n---\nname: b\n":               "line ",
		"doors: &a\n  - lock: x\nrooms: *b\n":   "line ",
		"front: &a\n  lock: *a\n":               "line ",
		"&a [*a]":                               "line 1: ",
	} {
		var got house
		if err := setting.Read([]byte(text), got.Fields(), "."); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q:\ngot  %v (%+v)\nwant %s", text, err, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"name: a\n", "doors: [{lock: a}]", "kinds: {A: {kind: door}}", "&a [*a]", "front: &x {<<: *x}", "%YAML 1.1", "rooms: &r [a, *r]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var got house
		if err := setting.Read(text, got.Fields(), "."); err != nil && !strings.HasPrefix(err.Error(), "line ") {
			t.Errorf("%q: an error without its line: %v", text, err)
		}
	})
}
