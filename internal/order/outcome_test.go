package order

import (
	"errors"
	"testing"

	"certwright/internal/vault"
)

// Each kind of outcome has one word, and each word all its consequences.
func TestOutcomesHaveOneWord(t *testing.T) {
	t.Parallel()
	refused := &vault.Failure{Code: vault.IssuerFault, Message: "no"}
	cases := map[word]outcome{
		issued:      {made: &newVersion{Version: vault.Version{ID: "1"}}, progress: vault.Progress{Chain: [][]byte{{1}}}},
		failed:      {progress: vault.Progress{Failure: refused}, cancelLost: true},
		cancelled:   {progress: vault.Progress{Cancelled: true}, takeBack: true, cancelLost: true},
		unreachable: {retry: errors.New("no route"), progress: vault.Progress{Detail: "soon"}},
		paced:       {paced: true, progress: vault.Progress{Detail: "later"}},
		stillPaced:  {paced: true, progress: vault.Progress{Detail: "now"}},
		wentOn:      {cancelLost: true, progress: vault.Progress{Detail: "now"}},
		waiting:     {progress: vault.Progress{Detail: "later"}},
	}
	op := vault.Operation{Detail: "now", Attempt: 3}
	for want, o := range cases {
		if got := o.wordFor(op); got != want {
			t.Errorf("%q instead of %q", got, want)
		}
	}
	if len(cases) != len(consequences) {
		t.Errorf("%d words are tried, and %d have consequences", len(cases), len(consequences))
	}
	for w, c := range consequences {
		if c.effect == nil || len(c.attrs(cases[w], op)) == 0 || c.history(cases[w], op) == "" && w != stillPaced {
			t.Errorf("%s has no effect, log or history", w)
		}
	}
	if n := consequences[unreachable].attempt(op.Attempt); n != 4 {
		t.Errorf("an issuer that could not be asked counts as attempt %d", n)
	}
}
