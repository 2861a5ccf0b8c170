package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"certwright/internal/vault"
)

// Turn takes the turn to do what servers that share rows are to do once in a
// while: it is this one's if none had it for so long by the clock that they share. A
// time that lies far ahead was a wrong clock's.
func Turn(ctx context.Context, rows vault.Accounts, id string, now time.Time, every time.Duration) (mine bool, err error) {
	now = now.Add(vault.Ahead(rows))
	plain, rev, err := rows.Read(ctx, id)
	if err != nil && !errors.Is(err, vault.ErrNotFound) {
		return false, fmt.Errorf("see whose turn it is: %w", err)
	}
	if at, bad := time.Parse(time.RFC3339Nano, string(plain)); err == nil && bad == nil && now.Sub(at).Abs() < every {
		return false, nil
	}
	err = rows.Write(ctx, id, []byte(now.UTC().Format(time.RFC3339Nano)), rev)
	if errors.Is(err, vault.ErrStale) { // another was faster
		return false, nil
	}
	return err == nil, err
}
