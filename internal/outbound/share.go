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

// A share is a pace that servers keep together. Nobody holds its lock while he waits
// for the rows: of those who want calls one asks for them (share_take.go), and who
// wants to know something reads for himself.
type share struct {
	rows   vault.Accounts
	id     string
	limits []Limit

	mu    sync.Mutex
	seen  seen
	asks  *asking // whoever takes calls just now; nil: nobody
	left  int     // calls that were taken and not made
	until time.Time
}

// seen is the row as it was read or written last.
type seen struct {
	known bool
	rev   int64 // 0: there is none
	row   shareRow
}

func (c *Client) shareOf(account string) *share {
	if c.rows == nil {
		return nil
	}
	sum := sha256.Sum256([]byte(account))
	return &share{rows: c.rows, id: "pace/" + c.name + "/" + hex.EncodeToString(sum[:12]), limits: c.limits}
}

// ahead is by how much the clock that rows are dated by is ahead of this process's.
func (s *share) ahead() time.Duration { return vault.Ahead(s.rows) }

// closed is until when the authority wants no call, and by which host's word.
func (s *share) closed(ctx context.Context) (until time.Time, by string, err error) {
	at, err := s.read(ctx)
	if err != nil || at.row.Closed.IsZero() {
		return time.Time{}, "", err
	}
	return at.row.Closed.Add(-s.ahead()), at.row.By, nil
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

// close notes that the authority wants to hear nothing more of the account until
// then. Other servers hear of it before the answer that said so is looked at.
func (s *share) close(until time.Time, by string) error {
	ctx, cancel := context.WithTimeout(context.Background(), shareTime)
	defer cancel()
	until = until.Add(s.ahead())
	for range shareTries {
		at, err := s.read(ctx)
		if err != nil {
			return err
		}
		if !until.After(at.row.Closed) {
			return nil
		}
		next := at.row
		next.Closed, next.By = until, by
		if err := s.write(ctx, next, at.rev); !errors.Is(err, vault.ErrStale) {
			return err
		}
	}
	return fmt.Errorf("account %s: others write it all the time", s.id)
}

// read returns the row, which is read where it is not known to be as it was.
func (s *share) read(ctx context.Context) (seen, error) {
	s.mu.Lock()
	at := s.seen
	s.mu.Unlock()
	if rows, ok := s.rows.(vault.Unchanged); ok && at.known && rows.Unchanged(ctx, s.id, at.rev) {
		return at, nil
	}
	plain, rev, err := s.rows.Read(ctx, s.id)
	at = seen{known: true, rev: rev}
	switch {
	case errors.Is(err, vault.ErrNotFound):
		at.rev = 0
	case err != nil:
		return seen{}, fmt.Errorf("read what the servers together may ask for: %w", err)
	default:
		if err := json.Unmarshal(plain, &at.row); err != nil {
			return seen{}, fmt.Errorf("read what the servers together may ask for: account %s: %w", s.id, err)
		}
	}
	s.saw(at)
	return at, nil
}

// write stores the row in place of the one of a revision.
func (s *share) write(ctx context.Context, row shareRow, rev int64) error {
	plain, err := json.Marshal(row)
	if err != nil {
		return err
	}
	if err := s.rows.Write(ctx, s.id, plain, rev); err != nil {
		return err
	}
	s.saw(seen{known: true, rev: rev + 1, row: row})
	return nil
}

// saw keeps how the row was. Whoever uses it compares revisions first, so it does
// no harm where another saw it later.
func (s *share) saw(at seen) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = at
}
