package outbound

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"certwright/internal/vault"
)

// Share has the paces of this client hold for all servers that share rows: name
// tells the authority from others. Call it before the client is used. A row for
// each account says what of its limits is left, and until when the authority
// wants to hear nothing of it. Calls are taken out of it by the handful, so that
// not each one writes.
func (c *Client) Share(name string, rows vault.Accounts) { c.rows, c.name = rows, name }

const (
	shareTries = 20              // to write a row that others write
	shareTime  = 5 * time.Second // for a word to the others
	handful    = 10              // calls taken at once at most
	holds      = time.Second     // that they may be made within
)

// A share is a pace that servers keep together.
type share struct {
	rows   vault.Accounts
	id     string
	limits []Limit

	mu    sync.Mutex
	known bool // row is what was there at rev
	rev   int64
	row   shareRow
	left  int // calls that were taken and not made
	until time.Time
}

// A shareRow is what is stored of a share, as JSON.
type shareRow struct {
	Closed time.Time `json:"closed,omitzero"` // the authority said to come back then
	By     string    `json:"by,omitempty"`    // its host
	At     time.Time `json:"at,omitzero"`     // when Left was so much
	Left   []float64 `json:"left,omitempty"`  // calls, of each limit
}

func (c *Client) shareOf(account string) *share {
	if c.rows == nil {
		return nil
	}
	sum := sha256.Sum256([]byte(account))
	return &share{rows: c.rows, id: "pace/" + c.name + "/" + hex.EncodeToString(sum[:12]), limits: c.limits}
}

// closed is until when the authority wants no call, and by which host's word.
func (s *share) closed(ctx context.Context) (until time.Time, by string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.refresh(ctx)
	return s.row.Closed, s.row.By, err
}

// spend waits for a call that all servers together may make, or, if that is too far
// off, returns a *vault.RetryError of vault.ErrPaced.
func (s *share) spend(ctx context.Context) error {
	for began := now(); ; {
		wait, err := s.take(ctx)
		if err != nil { // no call was made
			return &vault.RetryError{After: maxWait, Err: err}
		}
		if wait == 0 {
			return nil
		}
		if now().Add(wait).Sub(began) > maxWait {
			return &vault.RetryError{After: wait, Err: vault.ErrPaced}
		}
		turn := time.NewTimer(wait)
		select {
		case <-turn.C:
		case <-ctx.Done():
			turn.Stop()
			return fmt.Errorf("wait for the account's turn: %w", ctx.Err())
		}
	}
}

// take takes one call, and returns for how long there is none: 0 if it took one.
func (s *share) take(ctx context.Context) (wait time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.limits) == 0 {
		return 0, nil
	}
	for range shareTries {
		at := now()
		if s.left > 0 && at.Before(s.until) {
			s.left--
			return 0, nil
		}
		if err := s.refresh(ctx); err != nil {
			return 0, err
		}
		next, n, wait := s.row.taken(s.limits, at)
		if n == 0 {
			return wait, nil
		}
		err := s.write(ctx, next)
		if err == nil {
			s.left, s.until = n-1, at.Add(holds)
			return 0, nil
		}
		if !errors.Is(err, vault.ErrStale) {
			return 0, err
		}
	}
	return holds, nil // others are faster all the time
}

// taken is the row without a handful of calls, as many as there are, or the time
// until there is one.
func (r shareRow) taken(limits []Limit, at time.Time) (next shareRow, n int, wait time.Duration) {
	next, n = r, handful
	next.Left = make([]float64, len(limits))
	for i, l := range limits {
		left := l.burst()
		if len(r.Left) == len(limits) {
			left = min(left, r.Left[i]+l.rate()*max(at.Sub(r.At).Seconds(), 0))
		}
		next.Left[i] = left
		n = min(n, int(left), max(int(l.burst()/8), 1))
		if left < 1 {
			wait = max(wait, time.Duration((1-left)/l.rate()*float64(time.Second))+time.Millisecond)
		}
	}
	if next.At = at; r.At.After(at) { // the clock of another server is ahead
		next.At = r.At
	}
	for i := range next.Left {
		next.Left[i] -= float64(n)
	}
	return next, n, wait
}

// burst is how many calls may be made at once.
func (l Limit) burst() float64 { return float64(max(l.Requests/2, 1)) }

// rate is how many more there are in a second. With what was taken a moment before,
// and with the burst, no window of the limit has more calls than it lets through.
func (l Limit) rate() float64 { return float64(l.Requests) / 2 / (l.Within + holds).Seconds() }

// close notes that the authority wants to hear nothing more of the account until
// then. Other servers hear of it before the answer that said so is looked at.
func (s *share) close(until time.Time, by string) error {
	ctx, cancel := context.WithTimeout(context.Background(), shareTime)
	defer cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	for range shareTries {
		if err := s.refresh(ctx); err != nil {
			return err
		}
		if !until.After(s.row.Closed) {
			return nil
		}
		next := s.row
		next.Closed, next.By = until, by
		if err := s.write(ctx, next); !errors.Is(err, vault.ErrStale) {
			return err
		}
	}
	return fmt.Errorf("account %s: others write it all the time", s.id)
}

// refresh reads the row where it is not known to be as it was.
func (s *share) refresh(ctx context.Context) error {
	if rows, ok := s.rows.(vault.Unchanged); ok && s.known && rows.Unchanged(ctx, s.id, s.rev) {
		return nil
	}
	plain, rev, err := s.rows.Read(ctx, s.id)
	row := shareRow{}
	switch {
	case errors.Is(err, vault.ErrNotFound):
		rev = 0
	case err != nil:
		return fmt.Errorf("read what the servers together may ask for: %w", err)
	default:
		if err := json.Unmarshal(plain, &row); err != nil {
			return fmt.Errorf("read what the servers together may ask for: account %s: %w", s.id, err)
		}
	}
	s.known, s.rev, s.row = true, rev, row
	return nil
}

// write stores the row in place of the one that is known.
func (s *share) write(ctx context.Context, row shareRow) error {
	plain, err := json.Marshal(row)
	if err != nil {
		return err
	}
	s.known = false
	if err := s.rows.Write(ctx, s.id, plain, s.rev); err != nil {
		return err
	}
	s.known, s.rev, s.row = true, s.rev+1, row // who compares revisions sees whether it is so
	return nil
}
