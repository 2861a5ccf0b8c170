package vault_test

import (
	"testing"
	"time"

	"certwright/internal/vault"
)

// A history keeps its beginning and its end, and counts what is said again.
func TestNoted(t *testing.T) {
	t.Parallel()
	var o vault.Operation
	for i := range 500 {
		o = o.Noted(born.Add(time.Duration(i)), string(rune('a'+i%26))+string(rune('a'+i/26%26)))
	}
	if n := len(o.History); n != 100 || o.History[0].Text != "aa" || !o.History[n-1].At.Equal(born.Add(499)) {
		t.Errorf("%d notes, from %+v to %+v", n, o.History[0], o.History[n-1])
	}
	one := o.Noted(born.Add(time.Hour), "same")
	two := one.Noted(born.Add(2*time.Hour), "same")
	if last := two.History[len(two.History)-1]; last.Times != 2 || !last.Last.Equal(born.Add(2*time.Hour)) || !last.At.Equal(born.Add(time.Hour)) {
		t.Errorf("%+v", last)
	}
	if one.History[len(one.History)-1].Times != 1 {
		t.Error("the operation before was changed")
	}
	if got := vault.Clip("ab\ncédé", 6); got != "ab cé..." {
		t.Errorf("clipped to %q", got)
	}
	if got := vault.Clip("a\u001b[2Jb\u009b2Jc\u202ed\u2028e", 60); got != "a [2Jb 2Jc d e" {
		t.Errorf("a terminal would obey %q", got)
	}
}

// Plain text that fits is returned as it is, and costs nothing; what only looks
// short or plain is not.
func TestClipPlain(t *testing.T) {
	text := "Signed by CN=Internal Issuing CA ~"
	if got := vault.Clip(text, len(text)); got != text {
		t.Errorf("%q", got)
	}
	if n := testing.AllocsPerRun(10, func() { vault.Clip(text, 100) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	for in, want := range map[string]string{"abcd": "abc...", "a\x7fb": "a b", "\tb": " b", "é": "é", "a\xff": "a..."} {
		if got := vault.Clip(in, 3); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
