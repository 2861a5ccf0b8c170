package api

import (
	"hash/maphash"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"certwright/internal/vault"
	"certwright/internal/wire"
)

// A renderedKey names one answer: the object and version asked for, where the
// client called, and what its api-version knows.
type renderedKey struct {
	kind              vault.Kind
	vault, name, asks string // name as vault.Ref.Key; asks is the version, "" the latest
	base              base
	knows             wire.Features
}

// A rendered is an answer's bytes, good as long as the name's epoch.
type rendered struct {
	epoch uint64
	body  []byte
}

// size is what keeping it costs, in bytes.
func (r rendered) size() int { return len(r.body) + renderedExtra }

const (
	renderedShards  = 16
	renderedMost    = 1 << 20   // bytes in a shard
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

// get returns the bytes kept under k if they are of this epoch.
func (r *renderings) get(k renderedKey, epoch uint64) ([]byte, bool) {
	s := r.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	it, ok := s.lru.Get(k)
	if ok && it.epoch != epoch {
		s.lru.Remove(k)
		return nil, false
	}
	return it.body, ok
}

// put keeps body, which must not be changed any more.
func (r *renderings) put(k renderedKey, epoch uint64, body []byte) {
	if len(body) > renderedLargest {
		return
	}
	s := r.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lru.Remove(k)
	it := rendered{epoch, body}
	s.bytes += it.size()
	s.lru.Add(k, it)
	for s.bytes > renderedMost {
		s.lru.RemoveOldest()
	}
}
