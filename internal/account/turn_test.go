package account_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"certwright/internal/account"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
)

// However many ask, one has the turn, and again once the time is over.
func TestTurn(t *testing.T) {
	t.Parallel()
	rows := sqltest.Accounts(t)
	noon := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		at   time.Duration
		want int64
	}{{0, 1}, {time.Minute, 0}, {59 * time.Minute, 0}, {time.Hour, 1}, {time.Hour, 0}, {-time.Hour, 1}} {
		var had atomic.Int64
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				mine, err := account.Turn(t.Context(), rows, "turns/x", noon.Add(c.at), time.Hour)
				if err != nil {
					t.Error(err)
				}
				if mine {
					had.Add(1)
				}
			})
		}
		all.Wait()
		if n := had.Load(); n != c.want {
			t.Errorf("after %v %d had the turn, want %d", c.at, n, c.want)
		}
	}
	_, rev, err := rows.Read(t.Context(), "turns/x")
	must.Do(t, err)
	must.Do(t, rows.Write(t.Context(), "turns/x", []byte("nonsense"), rev))
	if mine, err := account.Turn(t.Context(), rows, "turns/x", noon, time.Hour); !mine || err != nil {
		t.Errorf("a row that says nothing: %v, %v", mine, err)
	}
	if mine, err := account.Turn(t.Context(), &broken{errors.New("away")}, "turns/x", noon, time.Hour); mine || err == nil {
		t.Errorf("rows that are away: %v, %v", mine, err)
	}
}

// broken are accounts that cannot be read.
type broken struct{ err error }

func (b *broken) Read(context.Context, string) ([]byte, int64, error) { return nil, 0, b.err }
func (b *broken) Write(context.Context, string, []byte, int64) error  { return b.err }

// A server whose clock is wrong has the turn no more often than others.
func TestTurnOfAWrongClock(t *testing.T) {
	t.Parallel()
	rows := sqltest.Accounts(t)
	noon := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		at, wrong time.Duration
		want      bool
	}{{0, 0, true}, {time.Minute, 2 * time.Hour, false}, {2 * time.Minute, -2 * time.Hour, false}, {3 * time.Minute, 0, false}, {time.Hour, 2 * time.Hour, true}, {61 * time.Minute, 0, false}} {
		mine, err := account.Turn(t.Context(), sqltest.Dated{Accounts: rows, By: -c.wrong}, "turns/x", noon.Add(c.at+c.wrong), time.Hour)
		if err != nil || mine != c.want {
			t.Errorf("after %v, by a clock that is %v ahead: %v, want %v (%v)", c.at, c.wrong, mine, c.want, err)
		}
	}
}
