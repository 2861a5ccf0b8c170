package line

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A text is a line while it is written.
type text []byte

// member adds a member of an object behind another one.
func (t text) member(name, value string, most int) text {
	t = append(t, `,"`...)
	t = append(t, name...)
	t = append(t, `":"`...)
	t = t.quoted(value, most)
	return append(t, '"')
}

// quoted adds what stands between quotes, most bytes of it at most. What could
// end the line, steer a terminal or turn the writing round is escaped.
func (t text) quoted(s string, most int) text {
	if len(s) > most {
		s = s[:most] + "..."
	}
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf-1 && c != '"' && c != '\\' {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if c >= utf8.RuneSelf && r != utf8.RuneError && unicode.IsGraphic(r) && !unicode.IsSpace(r) {
			i += n
			continue
		}
		t = append(t, s[from:i]...)
		i += n
		from = i
		switch {
		case c == '"' || c == '\\':
			t = append(t, '\\', c)
		case r > 0xffff:
			t = append(t, `\ufffd`...) // a pair of escapes would say no more
		default:
			t = append(t, '\\', 'u', hex(r>>12), hex(r>>8), hex(r>>4), hex(r))
		}
	}
	return append(t, s[from:]...)
}

func hex(r rune) byte { return "0123456789abcdef"[r&15] }

// query adds the parameters of a request that are kept: no other may be told,
// since a value may be anything.
func (t text) query(raw string) text {
	separator := byte('?')
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		name, value, _ := strings.Cut(pair, "=")
		if name = kept(name); name == "" || !harmless(value) {
			continue
		}
		t = append(append(append(append(t, separator), name...), '='), value...)
		separator = '&'
	}
	return t
}

// kept returns how a parameter that may be told is spelled; "" for any other.
func kept(name string) string {
	for _, k := range [...]string{"api-version", "maxresults", "request_id", "includePending"} {
		if strings.EqualFold(name, k) {
			return k
		}
	}
	if strings.EqualFold(name, "api%2Dversion") {
		return "api-version"
	}
	return ""
}

// harmless reports whether a value is like those of the parameters that are kept.
func harmless(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '.' || c == '_') {
			return false
		}
	}
	return len(s) <= 64
}
