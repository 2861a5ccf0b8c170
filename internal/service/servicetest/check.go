package servicetest

import (
	"errors"
	"strings"
	"testing"

	"certwright/internal/must"
	"certwright/internal/vault"
)

// Must ends the test at an error.
var Must = must.Do

// Refused fails unless err is a refusal of that reason and code.
func Refused(t *testing.T, err error, reason vault.Reason, code string) {
	t.Helper()
	var e *vault.Error
	if !errors.As(err, &e) || e.Reason != reason || e.Code != code {
		t.Errorf("got %v, want a refusal %s (reason %d)", err, code, reason)
	}
}

// Texts is what the history of an operation says.
func Texts(op vault.Operation) (all []string) {
	for _, n := range op.History {
		all = append(all, n.Text)
	}
	return all
}

// WantNote fails unless a part of the history says so.
func WantNote(t *testing.T, op vault.Operation, part string) {
	t.Helper()
	if !strings.Contains(strings.Join(Texts(op), "\n"), part) {
		t.Errorf("history %q has no %q", Texts(op), part)
	}
}
