package record

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// What a later program added to a record is kept by this one: each struct of a
// record has a field Later for the members that it does not know. In the text
// they stand among the others, and only while the text is on its way between
// them and the struct as one member named "...", as text within the text.
const laterName = "..."

// glean puts the members that a struct of a record does not know into its member "...".
func glean(text []byte, t reflect.Type) []byte {
	return through(text, t, glean, func(s shape, members map[string]json.RawMessage) {
		unknown := map[string]json.RawMessage{}
		for name, value := range members {
			if !s.knows(name) {
				unknown[name] = value
				delete(members, name)
			}
		}
		if len(unknown) > 0 {
			members[laterName] = marshal(string(joined(nil, unknown, sorted(unknown))))
		}
	})
}

// weave puts what stands in the members "..." among the others.
func weave(text []byte, t reflect.Type) []byte {
	return through(text, t, weave, func(s shape, members map[string]json.RawMessage) {
		var later string
		var unknown map[string]json.RawMessage
		_ = json.Unmarshal(members[laterName], &later) // which is there, or nothing is
		_ = json.Unmarshal([]byte("{"+later+"}"), &unknown)
		delete(members, laterName)
		for name, value := range unknown {
			if !s.knows(name) {
				members[name] = value
			}
		}
	})
}

// through changes a text of a type by edit, which gets the members of every
// struct, the innermost first. What is no such text stays as it is.
func through(text []byte, t reflect.Type, again func([]byte, reflect.Type) []byte, edit func(shape, map[string]json.RawMessage)) []byte {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		var list []json.RawMessage
		if json.Unmarshal(text, &list) != nil || list == nil {
			return text
		}
		for i, one := range list {
			list[i] = again(one, t.Elem())
		}
		return append(append([]byte("["), joinedList(list)...), ']')
	case t.Kind() == reflect.Struct && !reflect.PointerTo(t).Implements(unmarshaler):
		var members map[string]json.RawMessage
		if json.Unmarshal(text, &members) != nil || members == nil {
			return text
		}
		s := shapeOf(t)
		for name, value := range members {
			if of := s.typeOf(name); of != nil {
				members[name] = again(value, of)
			}
		}
		edit(s, members)
		return append(append([]byte("{"), joined(s.names, members, sorted(members))...), '}')
	}
	return text
}

var unmarshaler = reflect.TypeFor[interface{ UnmarshalText([]byte) error }]()

// A shape is what a struct has in JSON.
type shape struct {
	names []string // in their order
	types []reflect.Type
}

// shapeOf is the shape of a record, in which what it embeds stands among the rest.
func shapeOf(t reflect.Type) (s shape) {
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			within := shapeOf(f.Type)
			s.names, s.types = append(s.names, within.names...), append(s.types, within.types...)
			continue
		case name == laterName:
			continue
		case name == "":
			name = f.Name
		}
		s.names, s.types = append(s.names, name), append(s.types, f.Type)
	}
	return s
}

// typeOf returns the type of a member, found as JSON is read: whatever its case.
// nil: there is no such member.
func (s shape) typeOf(name string) reflect.Type {
	i := slices.IndexFunc(s.names, func(known string) bool { return strings.EqualFold(known, name) })
	if i < 0 {
		return nil
	}
	return s.types[i]
}

func (s shape) knows(name string) bool { return s.typeOf(name) != nil }

// joined writes members one after the other, those of first before the rest.
func joined(first []string, members map[string]json.RawMessage, rest []string) (text []byte) {
	for _, name := range append(slices.Clone(first), rest...) {
		value, there := members[name]
		if !there {
			continue
		}
		if len(text) > 0 {
			text = append(text, ',')
		}
		text = append(append(append(text, marshal(name)...), ':'), value...)
		delete(members, name)
	}
	return text
}

func joinedList(list []json.RawMessage) (text []byte) {
	for i, one := range list {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, one...)
	}
	return text
}

func sorted(members map[string]json.RawMessage) []string { return slices.Sorted(maps.Keys(members)) }

// marshal writes a string.
func marshal(s string) []byte {
	text, err := json.Marshal(s)
	if err != nil {
		return []byte(`""`) // it never fails
	}
	return text
}
