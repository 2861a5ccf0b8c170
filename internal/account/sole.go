package account

import (
	"context"
	"errors"
	"sync"

	"certwright/internal/vault"
)

// Sole is a Book whose process alone writes the store, as the lock on the
// database sees to. So it knows without the store whether a row is as it was when
// it was last read. Where several servers share a store, use a Shared: who reads it
// compares revisions. All that write must do so
// through one Sole.
type Sole struct {
	Book

	mu   sync.Mutex
	rows map[string]*seen
}

// seen is what is known of a row.
type seen struct {
	known  bool  // rev is what it has: no write began since it was read
	rev    int64 // 0: there is no such row
	writes int   // begun so far
	open   int   // of those, not ended yet
}

// Read implements vault.Accounts.
func (s *Sole) Read(ctx context.Context, id string) (plain []byte, rev int64, err error) {
	before := s.writes(id)
	if plain, rev, err = s.Book.Read(ctx, id); err == nil || errors.Is(err, vault.ErrNotFound) {
		s.noteRead(id, rev, before)
	}
	return plain, rev, err
}

// Write implements vault.Accounts.
func (s *Sole) Write(ctx context.Context, id string, plain []byte, rev int64) error {
	s.begin(id)
	defer s.end(id) // however it ended: who wants to know reads
	return s.Book.Write(ctx, id, plain, rev)
}

// Unchanged implements vault.Unchanged.
func (s *Sole) Unchanged(_ context.Context, id string, rev int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rows[id]
	return r != nil && r.known && r.rev == rev
}

var _ vault.Unchanged = (*Sole)(nil)

func (s *Sole) writes(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.row(id).writes
}

// noteRead notes the revision that was read, unless a write came between.
func (s *Sole) noteRead(id string, rev int64, before int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.row(id); r.writes == before && r.open == 0 {
		r.known, r.rev = true, rev
	}
}

func (s *Sole) begin(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.row(id)
	r.written()
	r.open++
}

// written notes that nobody knows any more what the row has.
func (r *seen) written() { r.known, r.writes = false, r.writes+1 }

func (s *Sole) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.row(id).open--
}

func (s *Sole) row(id string) *seen {
	if s.rows == nil {
		s.rows = map[string]*seen{}
	}
	if s.rows[id] == nil {
		s.rows[id] = &seen{}
	}
	return s.rows[id]
}
