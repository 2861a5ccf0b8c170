package clientenv

import (
	"testing"
)

func TestAssignments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ shell, value, want string }{
		{"sh", `it's "$x" \`, `export A='it'\''s "$x" \'`},
		{"fish", `it's $x \`, `set -gx A 'it\'s $x \\';`},
		{"powershell", `it's $x`, `$env:A = 'it''s $x'`},
		{"powershell", "a\u2018b\u2019c\u201ad\u201be", "$env:A = 'a\u2018\u2018b\u2019\u2019c\u201a\u201ad\u201b\u201be'"},
	} {
		if got := assignment(c.shell, Variable{Name: "A", Value: c.value}); got != c.want {
			t.Errorf("%s %q: %s, want %s", c.shell, c.value, got, c.want)
		}
	}
}
