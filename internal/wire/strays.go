package wire

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// mostStrays is how many members Strays names.
const mostStrays = 10

// Strays names the members of a body that none of the types has at their place,
// as in policy.isuer: they were ignored, and are often typing errors. A member
// that one of the types decodes by itself is not looked into.
func Strays(body []byte, like ...any) []string {
	s := &strays{}
	var types []reflect.Type
	for _, v := range like {
		types = append(types, reflect.TypeOf(v))
	}
	s.look(body, "", types)
	return s.found
}

type strays struct{ found []string }

func (s *strays) look(text []byte, at string, types []reflect.Type) {
	var structs, elements []reflect.Type
	for _, t := range types {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		switch {
		case reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()):
			return
		case t.Kind() == reflect.Struct:
			structs = append(structs, t)
		case t.Kind() == reflect.Slice:
			elements = append(elements, t.Elem())
		}
	}
	if len(structs) > 0 {
		s.members(text, at, structs)
	} else if len(elements) > 0 {
		s.elements(text, at, elements)
	}
}

func (s *strays) elements(text []byte, at string, types []reflect.Type) {
	var all []json.RawMessage
	if json.Unmarshal(text, &all) != nil {
		return
	}
	for i, one := range all {
		if s.look(one, at+"["+strconv.Itoa(i)+"]", types); len(s.found) >= mostStrays {
			return
		}
	}
}

func (s *strays) members(text []byte, at string, types []reflect.Type) {
	var all map[string]json.RawMessage
	if json.Unmarshal(text, &all) != nil {
		return // null
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		var known []reflect.Type
		for _, t := range types {
			if f, ok := member(t, name); ok {
				known = append(known, f)
			}
		}
		place := strings.TrimPrefix(at+"."+name, ".")
		switch {
		case len(s.found) >= mostStrays:
			return
		case known == nil:
			s.found = append(s.found, place)
		default:
			s.look(all[name], place, known)
		}
	}
}

// member is the type of the field that encoding/json decodes a member into.
func member(t reflect.Type, name string) (reflect.Type, bool) {
	for _, f := range reflect.VisibleFields(t) {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag != "-" && !f.Anonymous && (strings.EqualFold(tag, name) || tag == "" && f.IsExported() && strings.EqualFold(f.Name, name)) {
			return f.Type, true
		}
	}
	return nil, false
}
