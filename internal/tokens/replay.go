package tokens

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

// maxReplays is how many assertions of one client are remembered at a time.
const maxReplays = 10_000

// A Memory remembers which assertions were used. The libraries of Python and
// JavaScript show one assertion for several resources while it holds, so it is
// used up for each audience by itself. It is of one process: where several
// servers share a database, an assertion is good once at each of them, until the
// memory becomes rows.
type Memory struct {
	mu   sync.Mutex
	used map[string]map[[sha256.Size]byte]time.Time // by client; until when
}

// first refuses an assertion that was used. Its signature is verified already,
// so nobody but the client fills its own part.
func (p *Memory) first(client, id, audience string, until, now time.Time) *refusal {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(id)))
	mark := sha256.Sum256(append(append(length[:], id...), audience...))
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.used == nil {
		p.used = map[string]map[[sha256.Size]byte]time.Time{}
	}
	mine := p.used[client]
	if mine == nil {
		mine = map[[sha256.Size]byte]time.Time{}
		p.used[client] = mine
	}
	if over, seen := mine[mark]; seen && now.Before(over) {
		return refused("AADSTS50012: Authentication failed: the client assertion was used before.")
	}
	if len(mine) >= maxReplays {
		forget(mine, now)
	}
	if len(mine) >= maxReplays {
		return &refusal{429, "temporarily_unavailable", "AADSTS90055: The client shows too many assertions; make them valid for a shorter time."}
	}
	mine[mark] = until
	return nil
}

// forget drops what has ended.
func forget(used map[[sha256.Size]byte]time.Time, now time.Time) {
	for mark, until := range used {
		if !now.Before(until) {
			delete(used, mark)
		}
	}
}
