package print

import (
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v4"
)

// yamlWhole prints what JSON would show, with its members in the same order.
func yamlWhole(w io.Writer, v any) error {
	text, err := encode(v, "")
	if err != nil {
		return err
	}
	var n yaml.Node
	if err := yaml.Unmarshal(text, &n); err != nil {
		return fmt.Errorf("write YAML: %w", err)
	}
	asBlocks(&n)
	out, err := yaml.Marshal(&n)
	if err != nil {
		return fmt.Errorf("write YAML: %w", err)
	}
	_, err = w.Write(out)
	return err
}

// yamlList prints one list, as its elements come.
func yamlList(w io.Writer, all elements) error {
	none := true
	err := all.each(func(v any) error {
		none = false
		return yamlWhole(w, []any{v})
	})
	if err == nil && none {
		_, err = io.WriteString(w, "[]\n")
	}
	return err
}

// asBlocks takes from a text that was JSON what makes it look like it. Strings
// that would be read as something else keep their quotes.
func asBlocks(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && !olderWords[strings.ToLower(n.Value)] || len(n.Content) > 0 {
		n.Style = 0
	}
	for _, c := range n.Content {
		asBlocks(c)
	}
}

// olderWords are true and false to readers of YAML 1.1.
var olderWords = map[string]bool{"y": true, "yes": true, "on": true, "n": true, "no": true, "off": true}
