package tokens

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"certwright/internal/vault"
)

// usedRows begins the accounts in which used assertions lie, one for each client;
// all servers of a database share them.
const usedRows = "token/used/"

// maxReplays is how many assertions of one client are remembered at a time.
const maxReplays = 10_000

// usedTries is how often a client's row is read again since another server, or
// another machine of the same client, was faster.
const usedTries = 20

// usedUp are marks of assertions, and until when in seconds since 1970.
type usedUp map[string]int64

// first notes a mark, if it is not there. What has ended makes room.
func (u usedUp) first(mark string, until, now time.Time) *refusal {
	if over, seen := u[mark]; seen && now.Unix() < over {
		return refused("AADSTS50012: Authentication failed: the client assertion was used before.")
	}
	if len(u) >= maxReplays {
		u.forget(now)
	}
	if len(u) >= maxReplays {
		return &refusal{tooMany.status, tooMany.code, "AADSTS90055: The client shows too many assertions; make them valid for a shorter time."}
	}
	u[mark] = until.Unix() + 1
	return nil
}

// forget drops what has ended.
func (u usedUp) forget(now time.Time) {
	for mark, until := range u {
		if now.Unix() >= until {
			delete(u, mark)
		}
	}
}

// markOf names an assertion. The libraries of Python and JavaScript show one for
// several resources while it holds, so it is used up for each audience by itself.
func markOf(id, audience string) string {
	digest := sha256.Sum256(fmt.Appendf(nil, "%d %s %s", len(id), id, audience))
	return hex.EncodeToString(digest[:16])
}

// useUp refuses an assertion that was used, here or at another server of the same
// database. Its signature is verified already, so nobody but the client fills its
// own part. While the database cannot be written, this process remembers alone:
// nobody should be locked out by a full disk.
func (s *Service) useUp(ctx context.Context, who *client, id, audience string, until time.Time) *refusal {
	now, mark := s.means.Now(), markOf(id, audience)
	no, err := s.useUpRow(ctx, who, mark, until, now)
	if err != nil {
		s.means.Log.Warn("a used assertion was not written down: it could be shown again at another server, or after a restart", "client", who.id, "error", err)
	}
	if no != nil {
		return no
	}
	return s.means.Memory.first(who.id, mark, until, now)
}

// useUpRow notes a mark in the client's row.
func (s *Service) useUpRow(ctx context.Context, who *client, mark string, until, now time.Time) (*refusal, error) {
	id := usedRows + strings.ToLower(who.id)
	now = now.Add(vault.Ahead(s.means.Accounts)) // what one server takes for over another one may still accept
	for range usedTries {
		used := usedUp{}
		text, rev, err := s.means.Accounts.Read(ctx, id)
		if err == nil {
			err = json.Unmarshal(text, &used)
		}
		if err != nil && !errors.Is(err, vault.ErrNotFound) {
			return nil, err
		}
		used.forget(now)
		if no := used.first(mark, until, now); no != nil {
			return no, nil
		}
		if text, err = json.Marshal(used); err != nil {
			return nil, err
		}
		if err = s.means.Accounts.Write(ctx, id, text, rev); !errors.Is(err, vault.ErrStale) {
			return nil, err
		}
	}
	return &refusal{tooMany.status, tooMany.code, tooMany.text}, nil // others of the same client are faster all the time
}

// A Memory remembers which assertions this process took.
type Memory struct {
	mu   sync.Mutex
	used map[string]usedUp // by client
}

func (p *Memory) first(client, mark string, until, now time.Time) *refusal {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.used == nil {
		p.used = map[string]usedUp{}
	}
	if p.used[client] == nil {
		p.used[client] = usedUp{}
	}
	return p.used[client].first(mark, until, now)
}
