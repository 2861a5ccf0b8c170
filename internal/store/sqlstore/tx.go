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
		t.changed()
	}
	return n, nil
}

// write runs a statement, of which it does not matter how many rows it changes.
func (t *tx) write(what, text string, args ...any) error {
	if t.session.queue.on {
		return t.later(text, false, args)
	}
	_, err := t.exec(what, text, args...)
	return err
}

// swap runs an insert or update that compares a revision: no row changed is vault.ErrStale.
func (t *tx) swap(what, text string, args ...any) error {
	return t.changes(vault.ErrStale, what, text, args)
}

// must runs a statement on a row that must be there: vault.ErrNotFound.
func (t *tx) must(what, text string, args ...any) error {
	return t.changes(vault.ErrNotFound, what, text, args)
}

// changes runs a statement that must change a row; none is what else it returns.
func (t *tx) changes(none error, what, text string, args []any) error {
	if t.session.queue.on {
		return t.later(text, true, args)
	}
	n, err := t.exec(what, text, args...)
	if err == nil && n == 0 {
		return none
	}
	return err
}

func (t *tx) later(text string, must bool, args []any) error {
	if err := t.usable(); err != nil {
		return err
	}
	t.changed()
	return t.session.later(text, must, args...)
}

// changed notes that there is something to commit.
func (t *tx) changed() { t.wrote, t.session.wrote = true, true }

// undone takes back what the transaction told its caller, who may try again.
func (t *tx) undone() {
	for _, o := range slices.Backward(t.puts) {
		o.of.Rev = o.was
	}
	t.puts = nil
}
