package sqlstore

import (
	"context"
	"testing"
	"time"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// The longest transaction is told from its begin to its commit, and a shorter
// one that follows does not take its place.
func TestLongestTransaction(t *testing.T) {
	t.Parallel()
	s := openInside(t)
	const held = 30 * time.Millisecond
	write := func(hold time.Duration) {
		err := s.Update(context.Background(), func(tx vault.Tx) error {
			for began := (clock.Real{}).Now(); (clock.Real{}).Now().Sub(began) < hold; {
				if err := tx.PutSetting("k", "v"); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	write(held)
	write(0)
	if err := s.Close(); err != nil { // the writer has noted all that it answered
		t.Fatal(err)
	}
	if got := s.LongestTransaction(); got < held {
		t.Errorf("one transaction took %v, told is %v", held, got)
	}
}
