package script

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// A match compares one answer with its pattern, collecting every difference.
// Holes with a name that is not bound yet are bound by the first value they meet.
type match struct {
	vars  map[string]any
	diffs []string
}

func (m *match) differ(path, format string, args ...any) {
	m.diffs = append(m.diffs, path+": "+fmt.Sprintf(format, args...))
}

func (l literal) match(m *match, path string, got any) {
	if !reflect.DeepEqual(l.value, got) {
		m.differ(path, "got %s, want %s", show(got), show(l.value))
	}
}

func (o object) match(m *match, path string, got any) {
	g, ok := got.(map[string]any)
	if !ok {
		m.differ(path, "got %s, want an object", show(got))
		return
	}
	named := map[string]bool{}
	for _, w := range o.members {
		named[w.name] = true
		at := path + "." + w.name
		v, there := g[w.name]
		h, isHole := w.value.(hole)
		switch {
		case isHole && h.kind == "absent" && !there:
		case !there:
			m.differ(at, "missing")
		default:
			w.value.match(m, at, v)
		}
	}
	for k, v := range g {
		if !named[k] && !o.open {
			m.differ(path+"."+k, "not expected: %s", show(v))
		}
	}
}

func (a array) match(m *match, path string, got any) {
	g, ok := got.([]any)
	if !ok {
		m.differ(path, "got %s, want an array", show(got))
		return
	}
	if len(g) < len(a.items) || len(g) > len(a.items) && !a.open {
		m.differ(path, "got %d items, want %d: %s", len(g), len(a.items), show(got))
		return
	}
	for i, w := range a.items {
		w.match(m, fmt.Sprintf("%s[%d]", path, i), g[i])
	}
}

func (h hole) match(m *match, path string, got any) {
	if want, bound := m.vars[h.name]; bound && h.name != "" {
		if !reflect.DeepEqual(want, got) {
			m.differ(path, "got %s, want {%s}, which is %s", show(got), h.name, show(want))
		}
		return
	}
	if h.kind != "" {
		if err := kinds[h.kind](got); err != nil {
			m.differ(path, "got %s: %v", show(got), err)
			return
		}
	}
	if h.name != "" {
		m.vars[h.name] = got
	}
}

// match of a string with holes: bound ones are literal, the others take as
// little as the rest allows.
func (t text) match(m *match, path string, got any) {
	s, ok := got.(string)
	if !ok {
		m.differ(path, "got %s, want a string like %q", show(got), t.source)
		return
	}
	re, names := t.regexp(m.vars)
	found := re.FindStringSubmatch(s)
	if found == nil {
		m.differ(path, "got %s, want %q", show(got), m.fill(t.source))
		return
	}
	for i, n := range names {
		hole(n).match(m, path, found[i+1])
	}
}

func (t text) regexp(vars map[string]any) (*regexp.Regexp, []hole) {
	var re strings.Builder
	var free []hole
	at := 0
	re.WriteString(`(?s)^`)
	for _, loc := range holeWithin.FindAllStringIndex(t.source, -1) {
		re.WriteString(regexp.QuoteMeta(t.source[at:loc[0]]))
		n, _ := newHole(t.source[loc[0]:loc[1]])
		h := n.(hole)
		if v, ok := vars[h.name]; ok && h.name != "" {
			re.WriteString(regexp.QuoteMeta(plain(v)))
		} else {
			re.WriteString(`(.+?)`)
			free = append(free, h)
		}
		at = loc[1]
	}
	re.WriteString(regexp.QuoteMeta(t.source[at:]) + `$`)
	return regexp.MustCompile(re.String()), free
}

// fill puts the bound variables into a text.
func (m *match) fill(s string) string {
	return holeWithin.ReplaceAllStringFunc(s, func(h string) string {
		if v, ok := m.vars[holeWithin.FindStringSubmatch(h)[1]]; ok {
			return plain(v)
		}
		return h
	})
}

// plain is a value as it stands within a text.
func plain(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, _ := json.Marshal(v)
	return string(b)
}

func show(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return shorten(string(b))
}

func shorten(s string) string {
	if len(s) > 300 {
		return s[:300] + "..."
	}
	return s
}
