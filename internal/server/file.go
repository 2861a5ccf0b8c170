package server

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// laterKeys are settings of the plan that this release does not have; saying so
// is kinder than calling them unknown.
var laterKeys = []string{"store", "tls", "auth"}

// Read reads a configuration file. Errors name the file, the line and what to
// do; a key that nobody knows is one, since a misspelt setting would otherwise
// be left out without a word.
func Read(path string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	c, err := Parse(text, filepath.Dir(path))
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Parse reads the text of a configuration file. Files that the settings of
// providers and notices name are looked for in the folder, unless they are absolute.
func Parse(text []byte, folder string) (Config, error) {
	c, err := parse(text)
	if err != nil {
		return Config{}, err
	}
	if err := rebase(folder, reflect.ValueOf(&c.Notices), ""); err != nil {
		return Config{}, err
	}
	return c, relativeTo(folder, c.Providers)
}

func parse(text []byte) (c Config, err error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return c, plainly(err)
	}
	if doc.Kind == 0 {
		return c, nil // an empty file
	}
	top := &doc
	if doc.Kind == yaml.DocumentNode {
		top = doc.Content[0]
	}
	if top.Kind == yaml.ScalarNode && top.Tag == "!!null" {
		return c, nil // nothing but comments
	}
	if err := checkKeys(top, reflect.TypeFor[Config](), ""); err != nil {
		return c, err
	}
	if err := yaml.Load(text, &c); err != nil {
		return c, plainly(err)
	}
	return c, nil
}

// plainly cuts a parser's error down to line and reason.
func plainly(err error) error {
	var many *yaml.LoadErrors
	var one *yaml.LoadError
	switch {
	case errors.As(err, &many) && len(many.Errors) > 0:
		one = many.Errors[0]
	case errors.As(err, &one):
	default:
		return err
	}
	return fmt.Errorf("line %d: %s", one.Mark.Line, inWords(one.Message))
}

// checkKeys reports the first key in a mapping that the struct for it has not,
// and goes on into lists and maps.
func checkKeys(n *yaml.Node, t reflect.Type, where string) error {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias // it ends: every step goes down in the type, too
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[Provider]() && n.Kind == yaml.MappingNode:
		return checkProvider(n, where)
	case t.Kind() == reflect.Struct && n.Kind == yaml.MappingNode:
		return checkStruct(n, settingsIn(t), where)
	case t.Kind() == reflect.Slice && n.Kind == yaml.SequenceNode:
		for _, item := range n.Content {
			if err := checkKeys(item, t.Elem(), where); err != nil {
				return err
			}
		}
	case t.Kind() == reflect.Map && n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if err := checkKeys(n.Content[i+1], t.Elem(), where+n.Content[i].Value+": "); err != nil {
				return err
			}
		}
	case t.Kind() == reflect.Struct && where == "":
		return fmt.Errorf("line %d: the file must hold keys and values, as in listen: 127.0.0.1:8443", n.Line)
	}
	return nil
}

// checkProvider checks the keys that belong to the provider's kind. Where there
// is none such, Check refuses the kind, which is what matters, not its settings.
func checkProvider(n *yaml.Node, where string) error {
	fields := []setting{{key: "kind", of: reflect.TypeFor[string]()}}
	name := wordAt(n, "kind")
	k, ok := kinds()[name]
	switch {
	case ok:
		fields = append(fields, settingsIn(k.settings)...)
	case name != "":
		return nil
	}
	return checkStruct(n, fields, where)
}

func checkStruct(n *yaml.Node, fields []setting, where string) error {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		at := slices.IndexFunc(fields, func(f setting) bool { return f.key == key.Value })
		switch {
		case at >= 0:
			if err := checkKeys(n.Content[i+1], fields[at].of, where+key.Value+": "); err != nil {
				return err
			}
		case where == "" && slices.Contains(laterKeys, key.Value):
			return fmt.Errorf("line %d: this release does not have %q yet; leave it out", key.Line, key.Value)
		default:
			return fmt.Errorf("line %d: %s%q is no setting%s", key.Line, where, key.Value, hint(key.Value, fields))
		}
	}
	return nil
}

// wordAt returns the scalar at a key of a mapping; "" for none.
func wordAt(n *yaml.Node, key string) string {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key && n.Content[i+1].Kind == yaml.ScalarNode {
			return n.Content[i+1].Value
		}
	}
	return ""
}

// hint names the setting that was probably meant, or all there are.
func hint(typed string, fields []setting) string {
	var names []string
	for _, f := range fields {
		names = append(names, f.key)
	}
	plain := func(s string) string { return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(s)) }
	for _, n := range names {
		if distance(plain(typed), plain(n)) <= 2 {
			return fmt.Sprintf("\nhint: did you mean %s?", n)
		}
	}
	return "\nhint: there are " + strings.Join(names, ", ")
}

// distance is the number of letters to insert, remove or replace to get from a to b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
