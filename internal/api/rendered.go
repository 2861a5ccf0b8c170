package api

import (
	"hash/maphash"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"certwright/internal/service"
	"certwright/internal/vault"
)

// A renderedKey names one answer: the object and version asked for, where the
// client called, and what its api-version knows.
type renderedKey struct {
	kind              vault.Kind
	vault, name, asks string // name as vault.Ref.Key; asks is the version, "" the latest
	base              base
	knows             features
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

// kept serves a GET of one version from what is rendered already, if nothing
// was written to the name since; permission is asked for each time. read
// returns the answer's body and whether it may be kept.
func kept(kind vault.Kind, do vault.Action, read func(*service.Service, *call) (body any, keep bool, err error)) serve {
	return func(s *service.Service, c *call) (answer, error) {
		ref := c.ref(kind)
		k := renderedKey{kind, c.vault, ref.Key(), c.path.version, c.base, c.version.features()}
		epoch := s.Epoch(ref) // before the object is read
		if body, ok := c.rendered.get(k, epoch); ok {
			return answer{text: body}, s.Access.Authorize(c.ctx, c.who, do, ref)
		}
		v, keep, err := read(s, c)
		if err != nil {
			return answer{}, err
		}
		body, err := encode(v)
		if err == nil && keep {
			c.rendered.put(k, epoch, body)
		}
		return answer{text: body}, err
	}
}
