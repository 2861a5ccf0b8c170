package acme

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"certwright/internal/account"
	"certwright/internal/vault"
)

// Share has the limits that the authority sets hold for all servers that share
// rows, and the pace of its accounts too. Call it before the first order.
func (i *Issuer) Share(name string, rows vault.Accounts) {
	i.Client.Share(name, rows)
	i.memory.limits.shared = &sharedLimits{rows: rows, id: "acme/" + name + "/limits"}
}

// sharedLimits are what any server has heard of, in one row.
type sharedLimits struct {
	rows vault.Accounts
	id   string
	kept account.Kept[map[string]limitRow]
}

// A limitRow is a limit as it is stored, by the clock that servers share, under a
// digest of what it binds.
type limitRow struct {
	Until time.Time `json:"until"`
	About string    `json:"about"`
	Said  string    `json:"said"`
}

const (
	maxShared   = 500 // limits in the row
	maxWords    = 500 // bytes of each text
	sharedTries = 20  // against other writers
)

func digestOf(binds string) string {
	sum := sha256.Sum256([]byte(binds))
	return hex.EncodeToString(sum[:16])
}

func parseLimits(plain []byte) (all map[string]limitRow, err error) {
	return all, json.Unmarshal(plain, &all)
}

// on returns the limit that binds one of the keys for the longest. What cannot be
// read binds nobody: the authority says so again.
func (l *sharedLimits) on(ctx context.Context, keys []string, now time.Time) (found limit, held bool) {
	if l == nil {
		return found, false
	}
	all, _, err := l.kept.Read(ctx, l.rows, l.id, parseLimits)
	if err != nil {
		return found, false
	}
	ahead := vault.Ahead(l.rows)
	now = now.Add(ahead)
	for _, key := range keys {
		if r, ok := all[digestOf(key)]; ok && r.Until.After(now) && r.Until.After(found.until) {
			found, held = limit{until: r.Until, about: r.About, said: r.Said}, true
		}
	}
	found.until = found.until.Add(-ahead)
	return found, held
}

// remember tells the others of a limit.
func (l *sharedLimits) remember(ctx context.Context, binds []string, made limit, now time.Time) error {
	if l == nil {
		return nil
	}
	ahead := vault.Ahead(l.rows)
	now, made.until = now.Add(ahead), made.until.Add(ahead)
	for range sharedTries {
		was, rev, err := l.kept.Read(ctx, l.rows, l.id, parseLimits)
		if err != nil {
			return fmt.Errorf("read the limits of the authority: %w", err)
		}
		all := maps.Clone(was)
		if all == nil {
			all = map[string]limitRow{}
		}
		for _, key := range binds {
			all[digestOf(key)] = limitRow{made.until, vault.Clip(made.about, maxWords), vault.Clip(made.said, maxWords)}
		}
		plain, err := json.Marshal(living(all, now))
		if err != nil {
			return err
		}
		if err = l.rows.Write(ctx, l.id, plain, rev); !errors.Is(err, vault.ErrStale) {
			return err
		}
	}
	return errors.New("the limits of the authority are written by others all the time")
}

// living are the limits that have not ended, of too many those that last longest.
func living(all map[string]limitRow, now time.Time) map[string]limitRow {
	maps.DeleteFunc(all, func(_ string, r limitRow) bool { return !r.Until.After(now) })
	if len(all) <= maxShared {
		return all
	}
	keys := slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		if by := all[b].Until.Compare(all[a].Until); by != 0 {
			return by
		}
		return strings.Compare(a, b)
	})
	for _, key := range keys[maxShared:] {
		delete(all, key)
	}
	return all
}
