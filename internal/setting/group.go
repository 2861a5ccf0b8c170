package setting

import (
	"maps"
	"slices"

	"go.yaml.in/yaml/v4"
)

// Group is a setting that holds settings, in a mapping of its own.
//
//go:noinline
func Group(key string, in Settings) Field {
	fields := in.Fields()
	return Field{Key: key, In: fields,
		Set:  func() bool { return slices.ContainsFunc(fields, func(f Field) bool { return f.Set() }) },
		read: func(n *yaml.Node, folder string) error { return readMapping(n, fields, folder) },
	}
}

// Optional is a Group that may be missing, which is nil.
//
//go:noinline
func Optional[T any, S pointer[T]](key string, into **T) Field {
	return Field{Key: key, In: S(new(T)).Fields(), Set: func() bool { return *into != nil },
		read: func(n *yaml.Node, folder string) error {
			v := new(T)
			if err := readMapping(n, S(v).Fields(), folder); err != nil {
				return err
			}
			*into = v
			return nil
		}}
}

// pointer is a *T that is Settings.
type pointer[T any] interface {
	*T
	Settings
}

// List is a setting that holds a list of mappings.
//
//go:noinline
func List[T any, S pointer[T]](key string, into *[]T) Field {
	return Field{Key: key, In: S(new(T)).Fields(), Set: func() bool { return len(*into) > 0 },
		read: func(n *yaml.Node, folder string) error {
			return eachItem(n, func(item *yaml.Node) error {
				var v T
				if err := readMapping(item, S(&v).Fields(), folder); err != nil {
					return err
				}
				*into = append(*into, v)
				return nil
			})
		}}
}

// Texts is a setting that holds a list of texts.
//
//go:noinline
func Texts(key string, into *[]string) Field {
	return Field{Key: key, Set: func() bool { return len(*into) > 0 }, read: func(n *yaml.Node, folder string) error {
		*into = []string{}
		return eachItem(n, func(item *yaml.Node) error {
			var text string
			if err := Text(key, &text).read(item, folder); err != nil {
				return err
			}
			*into = append(*into, text)
			return nil
		})
	}}
}

// TextsMap is a setting that holds lists of texts by name.
//
//go:noinline
func TextsMap(key string, into *map[string][]string) Field {
	return Field{Key: key, Set: func() bool { return len(*into) > 0 }, read: func(n *yaml.Node, folder string) error {
		return eachEntry(n, into, func(value *yaml.Node, texts *[]string) error {
			return Texts(key, texts).read(value, folder)
		})
	}}
}

// Map is a setting that holds settings by name.
//
//go:noinline
func Map[T any, S pointer[T]](key string, into *map[string]T) Field {
	return Field{Key: key, In: S(new(T)).Fields(), Set: func() bool { return len(*into) > 0 },
		read: func(n *yaml.Node, folder string) error {
			return eachEntry(n, into, func(value *yaml.Node, v *T) error {
				return readMapping(value, S(v).Fields(), folder)
			})
		}}
}

// TextMap is a setting that holds texts by name.
//
//go:noinline
func TextMap(key string, into *map[string]string) Field {
	return Field{Key: key, Set: func() bool { return len(*into) > 0 }, read: func(n *yaml.Node, folder string) error {
		return eachEntry(n, into, func(value *yaml.Node, text *string) error {
			return Text(key, text).read(value, folder)
		})
	}}
}

// Variants is a setting that holds by name what has settings of its own kind:
// open returns the value for what stands at the key kind, "" where there is
// nothing, and the settings beside that key. Those of a kind that it does not
// know are left alone.
//
//go:noinline
func Variants[T any](key, kind string, into *map[string]T, open func(kind string) (v T, fields []Field, known bool)) Field {
	return Field{Key: key, Set: func() bool { return len(*into) > 0 }, read: func(n *yaml.Node, folder string) error {
		return eachEntry(n, into, func(value *yaml.Node, v *T) error {
			var name string
			opened, fields, known := open(scalarAt(value, kind))
			if *v = opened; !known {
				return nil
			}
			return readMapping(value, append([]Field{Text(kind, &name)}, fields...), folder)
		})
	}}
}

// eachItem calls read for every item of a list.
func eachItem(n *yaml.Node, read func(item *yaml.Node) error) error {
	if n = plain(n); isNull(n) {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		return wrong(n, "write a list, as in [a, b]")
	}
	for _, item := range n.Content {
		if err := read(plain(item)); err != nil {
			return err
		}
	}
	return nil
}

// eachEntry calls read for every entry of a mapping, and puts what it read
// under the entry's name. An error names the entry.
func eachEntry[T any](n *yaml.Node, into *map[string]T, read func(value *yaml.Node, v *T) error) error {
	if isNull(n) {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		return wrong(n, "write keys and values, as in {key: value}")
	}
	all := map[string]T{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i]
		if _, twice := all[name.Value]; twice {
			return repeated(name)
		}
		var v T
		if err := read(plain(n.Content[i+1]), &v); err != nil {
			return below(name.Value, err)
		}
		all[name.Value] = v
	}
	if *into == nil {
		*into = map[string]T{}
	}
	maps.Copy(*into, all)
	return nil
}
