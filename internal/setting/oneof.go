package setting

import "go.yaml.in/yaml/v4"

// OneOf is a setting that holds one thing, or a list of some, each with settings
// of its own kind as in Variants. A text alone is short for the kind usual with
// that text as its first setting.
//
//go:noinline
func OneOf[T any](key, kind, usual string, into *[]T, open func(kind string) (v T, fields []Field, known bool)) Field {
	one := func(n *yaml.Node, folder string) error {
		if n.Kind == yaml.ScalarNode {
			v, fields, _ := open(usual)
			if err := fields[0].read(n, folder); err != nil {
				return err
			}
			*into = append(*into, v)
			return nil
		}
		var name string
		v, fields, known := open(scalarAt(n, kind))
		*into = append(*into, v)
		if !known {
			return nil
		}
		return readMapping(n, append([]Field{Text(kind, &name)}, fields...), folder)
	}
	return Field{Key: key, Set: func() bool { return len(*into) > 0 }, read: func(n *yaml.Node, folder string) error {
		if isNull(n) {
			return nil
		}
		*into = nil
		if n.Kind != yaml.SequenceNode {
			return one(n, folder)
		}
		return eachItem(n, func(item *yaml.Node) error { return one(item, folder) })
	}}
}
