package sqlstore

import (
	"fmt"
	"sync"

	"certwright/internal/vault"
)

// altered counts the rows that were not proved.
type altered struct {
	mu    sync.Mutex
	count int64
	told  func(row string)
	known map[string]bool // told already
}

// alteredKnown is of how many rows the store remembers that it told of them.
const alteredKnown = 1000

// Altered counts how often a row was refused since it was not proved.
func (s *Store) Altered() int64 {
	s.altered.mu.Lock()
	defer s.altered.mu.Unlock()
	return s.altered.count
}

// OnAltered has fn told of each row that is refused, once.
func (s *Store) OnAltered(fn func(row string)) {
	s.altered.mu.Lock()
	defer s.altered.mu.Unlock()
	s.altered.told = fn
}

func (a *altered) note(row string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count++
	if a.told == nil || a.known[row] || len(a.known) >= alteredKnown {
		return
	}
	if a.known == nil {
		a.known = map[string]bool{}
	}
	a.known[row] = true
	a.told(row)
}

// refused tells of a row that was not proved, and returns the error that names
// it, and nothing that it says.
func (s *session) refused(what, place string) error {
	row := what + " " + place
	if to := s.bound(); to != nil && to.bond.told != nil {
		to.bond.told(row)
	}
	return fmt.Errorf("read %s: %w", row, vault.ErrAltered)
}
