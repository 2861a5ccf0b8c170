package account

import (
	"context"

	"certwright/internal/vault"
)

// Shared is a Sole of a store that other servers write as well: whether a row is
// as it was is a question to the store, a short one, unless it is known what others
// wrote.
type Shared struct {
	Sole
	Revision func(ctx context.Context, id string) (int64, error) // of a row, now; 0 if there is none
	// Fresh reports whether Stale was told of what others wrote until so short a
	// while ago that the configuration has it so; nil: it never is.
	Fresh func() bool
}

// Unchanged implements vault.Unchanged.
func (s *Shared) Unchanged(ctx context.Context, id string, rev int64) bool {
	if s.Fresh != nil && s.Fresh() && s.Sole.Unchanged(ctx, id, rev) {
		return true
	}
	before := s.writes(id)
	now, err := s.Revision(ctx, id)
	if err != nil {
		return false
	}
	s.noteRead(id, now, before)
	return now == rev
}

var _ vault.Unchanged = (*Shared)(nil)

// Stale has rows compared with the store again that others wrote.
func (s *Shared) Stale(c vault.Changes) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.All {
		for _, r := range s.rows {
			r.written()
		}
		return
	}
	for _, id := range c.Accounts {
		if r := s.rows[id]; r != nil {
			r.written()
		}
	}
}
