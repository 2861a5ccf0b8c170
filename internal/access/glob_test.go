package access

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"certwright/internal/vault"
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

// Whatever an operator writes as a scope is refused, or reaches what it says and
// nothing of another vault; written out it means the same again.
func FuzzScope(f *testing.F) {
	for _, s := range []string{"/", "", "//", "/vaults/web", "/vaults/web/", "/vaults/w*", "/vaults/web/certificates/shop-*", "/vaults/web/keys/K", "vaults/web", "/vaults//keys/x", "/vaults/*/keys/x", "/a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseScope(text, nil)
		if err != nil {
			return
		}
		if again, err := parseScope(s.String(), nil); err != nil || again != s {
			t.Errorf("%q is %+v, written %q, which is %+v, %v", text, s, s.String(), again, err)
		}
		if s.vault == "" {
			return
		}
		name := strings.NewReplacer("*", "any").Replace
		at := vault.Ref{Vault: name(s.vault), Kind: vault.Keys, Name: name(s.name)}
		if parts := strings.Split(text, "/"); len(parts) > 3 && parts[3] != "" {
			at.Kind = vault.Kind(parts[3])
		}
		if !s.covers(at) || s.covers(vault.Ref{}) || s.covers(vault.Ref{Vault: "!", Kind: at.Kind, Name: at.Name}) && s.vault != "*" {
			t.Errorf("%q does not reach %v, or too much", text, at)
		}
		if s.kinds != 0 && (s.covers(vault.Ref{Vault: at.Vault}) || s.covers(vault.Ref{Vault: at.Vault, Kind: at.Kind, Name: "!" + at.Name}) && !strings.HasPrefix(s.name, "*")) {
			t.Errorf("%q reaches beyond its objects", text)
		}
	})
}
