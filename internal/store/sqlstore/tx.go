package sqlstore

import (
	"fmt"
	"slices"

	"certwright/internal/vault"
)

// A tx is a reader that also writes.
type tx struct {
	reader
	wrote bool // something that a failure must undo
	puts  []raised
}

// A raised is an object whose revision was set, and the one that it had.
type raised struct {
	of  *vault.Object
	was int64
}

// exec runs a statement and returns how many rows it changed.
func (t *tx) exec(what, text string, args ...any) (int64, error) {
	if err := t.usable(); err != nil {
		return 0, err
	}
	n, err := t.session.exec(text, args...)
	if err != nil {
		return 0, fmt.Errorf("write %s: %w", what, err)
	}
	if n > 0 {
		t.wrote = true
	}
	return n, nil
}

// swap runs an insert or update that compares a revision: no row changed is vault.ErrStale.
func (t *tx) swap(what, text string, args ...any) error {
	n, err := t.exec(what, text, args...)
	if err == nil && n == 0 {
		return vault.ErrStale
	}
	return err
}

// must runs a statement on a row that must be there: vault.ErrNotFound.
func (t *tx) must(what, text string, args ...any) error {
	n, err := t.exec(what, text, args...)
	if err == nil && n == 0 {
		return vault.ErrNotFound
	}
	return err
}

// undone takes back what the transaction told its caller, who may try again.
func (t *tx) undone() {
	for _, o := range slices.Backward(t.puts) {
		o.of.Rev = o.was
	}
	t.puts = nil
}
