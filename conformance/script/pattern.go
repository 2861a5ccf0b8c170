package script

import (
	"encoding/json"
	"fmt"
	"strings"
)

// A node is one value of a pattern: JSON with holes.
type node interface {
	// match compares got with the node and reports every difference with its path.
	match(m *match, path string, got any)
}

type (
	literal struct{ value any } // null, true, false, a number or a plain string
	object  struct {
		members []member
		open    bool // "..." was among them: other members are let through
	}
	array struct {
		items []node
		open  bool // "..." at the end: more items are let through
	}
	hole struct{ name, kind string } // {name}, {kind}, {name:kind}
	text struct{ source string }     // a string with holes in it
)

type member struct {
	name  string
	value node
}

// parsePattern reads JSON in which {name}, {kind} and {name:kind} may stand for a
// value or within a string, and "..." ends an object or array that may hold more.
func parsePattern(s string, known shapes) (node, error) {
	p := &patternReader{s: s, known: known}
	n, err := p.value()
	if err != nil {
		return nil, fmt.Errorf("pattern: %w", err)
	}
	if p.space(); p.i != len(p.s) {
		return nil, fmt.Errorf("pattern: %q after its end", shorten(p.s[p.i:]))
	}
	return n, nil
}

type patternReader struct {
	s     string
	i     int
	known shapes
}

func (p *patternReader) space() {
	for p.i < len(p.s) && strings.IndexByte(" \t\r\n", p.s[p.i]) >= 0 {
		p.i++
	}
}

// eat skips space, then s if it is next.
func (p *patternReader) eat(s string) bool {
	p.space()
	if strings.HasPrefix(p.s[p.i:], s) {
		p.i += len(s)
		return true
	}
	return false
}

func (p *patternReader) errorf(format string, args ...any) error {
	return fmt.Errorf("%s at %q", fmt.Sprintf(format, args...), shorten(p.s[min(p.i, len(p.s)):]))
}

func (p *patternReader) value() (node, error) {
	p.space()
	switch rest := p.s[p.i:]; {
	case rest == "":
		return nil, p.errorf("a value is missing")
	case holeText.MatchString(rest):
		h := holeText.FindString(rest)
		p.i += len(h)
		if n, ok := p.known[h[1:len(h)-1]]; ok {
			return n, nil
		}
		return newHole(h)
	case rest[0] == '{':
		return p.object()
	case rest[0] == '[':
		return p.array()
	case rest[0] == '"':
		s, err := p.str()
		if err != nil {
			return nil, err
		}
		return pattern(s)
	}
	d := json.NewDecoder(strings.NewReader(p.s[p.i:]))
	d.UseNumber()
	t, err := d.Token()
	if err != nil {
		return nil, p.errorf("no JSON value")
	}
	p.i += int(d.InputOffset())
	return literal{t}, nil
}

func (p *patternReader) str() (string, error) {
	d := json.NewDecoder(strings.NewReader(p.s[p.i:]))
	t, err := d.Token()
	s, ok := t.(string)
	if err != nil || !ok {
		return "", p.errorf("no JSON string")
	}
	p.i += int(d.InputOffset())
	return s, nil
}

func (p *patternReader) object() (node, error) {
	var o object
	p.eat("{")
	for !p.eat("}") {
		if len(o.members) > 0 || o.open {
			if !p.eat(",") {
				return nil, p.errorf("a comma or } is missing")
			}
		}
		if p.eat("...") {
			o.open = true
			continue
		}
		p.space()
		name, err := p.str()
		if err != nil {
			return nil, err
		}
		if !p.eat(":") {
			return nil, p.errorf("a colon is missing")
		}
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		o.members = append(o.members, member{name, v})
	}
	return o, nil
}

func (p *patternReader) array() (node, error) {
	var a array
	p.eat("[")
	for !p.eat("]") {
		if a.open || len(a.items) > 0 && !p.eat(",") {
			return nil, p.errorf("a comma or ] is missing")
		}
		if p.eat("...") {
			a.open = true
			continue
		}
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		a.items = append(a.items, v)
	}
	return a, nil
}

// pattern returns the node of a string: plain, or with holes.
func pattern(s string) (node, error) {
	hs := holeWithin.FindAllString(s, -1)
	if len(hs) == 0 {
		return literal{s}, nil
	}
	for _, h := range hs {
		if _, err := newHole(h); err != nil {
			return nil, err
		}
	}
	return text{s}, nil
}

func newHole(s string) (node, error) {
	m := holeWithin.FindStringSubmatch(s)
	h := hole{name: m[1], kind: strings.TrimPrefix(m[2], ":")}
	if _, ok := kinds[h.name]; ok && h.kind == "" {
		h = hole{kind: h.name}
	}
	if _, ok := kinds[h.kind]; h.kind != "" && !ok {
		return nil, fmt.Errorf("%s: there is no kind %q", s, h.kind)
	}
	return h, nil
}
