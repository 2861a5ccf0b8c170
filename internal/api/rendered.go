package api

import (
	"hash/maphash"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"certwright/internal/service"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// A renderedKey names one answer: the object and what of it is asked for, where
// the client called, and what its api-version knows.
type renderedKey struct {
	kind              vault.Kind
	piece             piece
	vault, name, asks string // name as vault.Ref.Key; asks is the version, "" the latest, or what a piece is asked for by
	spelled           string // what the answer spells as the client does
	base              base
	knows             wire.Features
}

// A piece is what may be asked for of a certificate by itself.
type piece uint8

const (
	whole piece = iota
	ownPolicy
	ownPending
)

// A rendered is an answer's bytes, good as long as the name's epoch.
type rendered struct {
	epoch uint64
	body  []byte
	wait  bool // as in answer
}

// answer is what goes out again.
func (r rendered) answer() answer { return answer{text: r.body, wait: r.wait} }

// size is what keeping it costs, in bytes.
func (r rendered) size() int { return len(r.body) + renderedExtra }

const (
	renderedShards  = 16
	renderedMost    = 512 << 10 // bytes in a shard
	renderedLargest = 128 << 10 // bytes of an answer that is kept
	renderedExtra   = 512       // bytes that keeping one costs besides
)

// renderings keep the answers of GETs that were asked for last, in bounded
// memory: Host headers and versions are what clients like them to be.
type renderings struct {
	seed   maphash.Seed
	shards [renderedShards]renderedShard
}

type renderedShard struct {
	mu    sync.Mutex
	lru   *simplelru.LRU[renderedKey, rendered]
	bytes int
}

func newRenderings() *renderings {
	r := &renderings{seed: maphash.MakeSeed()}
	for i := range r.shards {
		s := &r.shards[i]
		// the bytes end a shard long before the count does; a count below 1 alone is an error
		s.lru, _ = simplelru.NewLRU(renderedMost/renderedExtra, func(_ renderedKey, it rendered) { s.bytes -= it.size() })
	}
	return r
}

func (r *renderings) shard(k renderedKey) *renderedShard {
	return &r.shards[maphash.String(r.seed, k.name)%renderedShards]
}

// get returns what is kept under k if it is of this epoch.
func (r *renderings) get(k renderedKey, epoch uint64) (rendered, bool) {
	s := r.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	it, ok := s.lru.Get(k)
	if ok && it.epoch != epoch {
		s.lru.Remove(k)
		return rendered{}, false
	}
	return it, ok
}

// put keeps an answer, whose bytes must not be changed any more.
func (r *renderings) put(k renderedKey, it rendered) {
	if len(it.body) > renderedLargest {
		return
	}
	s := r.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lru.Remove(k)
	s.bytes += it.size()
	s.lru.Add(k, it)
	for s.bytes > renderedMost {
		s.lru.RemoveOldest()
	}
}

// key names the answer about an object, or a piece of it, that the call asks for.
func (c *call) key(ref vault.Ref, of piece, asks string) renderedKey {
	return renderedKey{kind: ref.Kind, piece: of, vault: ref.Vault, name: ref.Key(), asks: asks, base: c.base, knows: c.version.Features()}
}

// kept answers a GET about an object from what is rendered already, if nothing
// was written to the name since; permission is asked for each time. Else read
// makes the answer, and says whether it stays as it is until something is written.
func (c *call) kept(s *service.Service, ref vault.Ref, key renderedKey, read func() (a answer, stays bool, err error)) (answer, error) {
	epoch := s.Epoch(c.ctx, ref) // before the object is read
	if it, ok := c.rendered.get(key, epoch); ok {
		return it.answer(), s.MayGet(c.ctx, c.who, ref)
	}
	a, stays, err := read()
	if err != nil {
		return answer{}, err
	}
	if a.text, err = wire.Encode(a.body); err == nil && stays {
		c.rendered.put(key, rendered{epoch, a.text, a.wait})
	}
	return a, err
}
