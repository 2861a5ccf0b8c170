package setting

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Read reads the text of a configuration file into fields. Files that it names
// are meant beside the folder's. A key that nobody declared is an error: a
// misspelt setting must not be left out without a word.
func Read(text []byte, fields []Field, folder string) error {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return unreadable(err)
	}
	if doc.Kind == 0 {
		return nil // empty, or comments alone
	}
	if err := yaml.Load(text, &doc); err != nil { // which refuses a second document
		return unreadable(err)
	}
	top := &doc
	if doc.Kind == yaml.DocumentNode {
		top = plain(doc.Content[0])
	}
	switch {
	case isNull(top):
		return nil
	case top.Kind != yaml.MappingNode:
		return faultAt(top, "the file must hold keys and values, as in listen: 127.0.0.1:8443")
	}
	return readMapping(top, fields, folder)
}

// unreadable tells of a text that is not YAML where it is not.
func unreadable(err error) error {
	var many *yaml.LoadErrors
	var one *yaml.LoadError
	switch {
	case errors.As(err, &many) && len(many.Errors) > 0:
		one = many.Errors[0]
	case errors.As(err, &one):
	default:
		return err
	}
	return fault{line: one.Mark.Line, text: "this is not YAML: " + one.Message +
		"\nhint: indent with spaces, not tabs; put quotes around a text that begins with @, ` or %"}
}

// readMapping reads the keys of a mapping, each once.
func readMapping(n *yaml.Node, fields []Field, folder string) error {
	if n = plain(n); isNull(n) {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		return wrong(n, "write keys and values, as in {key: value}")
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		at := slices.IndexFunc(fields, func(f Field) bool { return f.Key == key.Value })
		switch {
		case at < 0:
			return faultAt(key, "unknown setting %q%s", key.Value, hint(key.Value, fields))
		case seen[key.Value]:
			return repeated(key)
		}
		seen[key.Value] = true
		if err := fields[at].read(plain(n.Content[i+1]), folder); err != nil {
			return below(key.Value, err)
		}
	}
	return nil
}

func repeated(key *yaml.Node) error {
	return faultAt(key, "%q is set twice; leave one of them out", key.Value)
}

// A fault is what is wrong in the file, and where.
type fault struct {
	line int
	keys string // each with a colon and a space
	text string
}

// Error implements error.
func (f fault) Error() string { return fmt.Sprintf("line %d: %s%s", f.line, f.keys, f.text) }

func faultAt(n *yaml.Node, format string, args ...any) error {
	return fault{line: max(n.Line, 1), text: fmt.Sprintf(format, args...)}
}

// below says under which key a fault was found.
func below(key string, err error) error {
	var f fault
	if errors.As(err, &f) {
		f.keys = key + ": " + f.keys
		return f
	}
	return err
}

// plain returns what an alias stands for. It ends: an alias cannot hold itself
// here, as every step goes down in the settings, too.
func plain(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// scalarAt returns the scalar at a key of a mapping; "" for none.
func scalarAt(n *yaml.Node, key string) string {
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		if value := plain(n.Content[i+1]); n.Content[i].Value == key && value.Kind == yaml.ScalarNode {
			return value.Value
		}
	}
	return ""
}

// hint names the setting that was probably meant, or all there are.
func hint(typed string, fields []Field) string {
	var keys []string
	for _, f := range fields {
		if !f.later {
			keys = append(keys, f.Key)
		}
	}
	if key := Nearest(typed, keys); key != "" {
		return fmt.Sprintf("\nhint: did you mean %s?", key)
	}
	return "\nhint: use one of " + strings.Join(keys, ", ")
}

// Nearest returns the word that was probably meant by one that is not among
// them: the first that differs least, by two letters at most; "" for none. Case,
// "-" and "_" make no difference.
func Nearest(typed string, words []string) (found string) {
	simple := func(s string) string { return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(s)) }
	best := 3
	for _, word := range words {
		if d := distance(simple(typed), simple(word)); d < best && d < max(len(word), 2) {
			found, best = word, d
		}
	}
	return found
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
