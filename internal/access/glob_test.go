package access

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// asRegexp says what a pattern means in another language.
func asRegexp(pattern string) *regexp.Regexp {
	return regexp.MustCompile(`(?is)^` + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`) + `$`)
}

func FuzzMatches(f *testing.F) {
	for _, c := range [][2]string{
		{"*/read", "keys/read"}, {"keys/*", "KEYS/wrap/action"}, {"shop-*", "shop-"}, {"", ""}, {"*", ""}, {"a*b*c", "aXbXbXc"}, {"a*b", "ab-"},
		{"**a**", "xxaxx"}, {"*ab", "aab"}, {"a", "A"}, {"[x]*", "[X]y"}, {"*a*a*b", "aaaaaaaa"},
	} {
		f.Add(c[0], c[1])
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		for _, s := range []string{pattern, text} {
			if strings.ContainsFunc(s, func(r rune) bool { return r > 0x7e }) {
				t.Skip("names and actions are ASCII")
			}
		}
		if got, want := matches(pattern, text), asRegexp(pattern).MatchString(text); got != want {
			t.Errorf("matches(%q, %q) = %v, want %v", pattern, text, got, want)
		}
		if !matches(text, text) || !matches("*"+text, pattern+text) || !matches(text+"*", text+pattern) {
			t.Errorf("%q is not what it says", text)
		}
	})
}

// A pattern that others take for ever over is done at once.
func TestMatchesIsBounded(t *testing.T) {
	t.Parallel()
	began := time.Now()
	if matches(strings.Repeat("*a", 60)+"*b", strings.Repeat("a", 127)) {
		t.Error("there is no b")
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %v", took)
	}
}
