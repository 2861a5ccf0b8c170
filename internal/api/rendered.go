package api

import (
	"container/list"
	"hash/maphash"
	"sync"

	"certwright/internal/service"
	"certwright/internal/vault"
)

// A renderedKey names one answer: the object and version asked for, where the
// client called, and what its api-version knows (DESIGN section 5).
type renderedKey struct {
	kind              vault.Kind
	vault, name, asks string // name as vault.Ref.Key; asks is the version, "" the latest
	base              base
	knows             features
}

// A rendered is an answer's bytes, good as long as the name's epoch.
type rendered struct {
	key   renderedKey
	epoch uint64
	body  []byte
}

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
	at    map[renderedKey]*list.Element // of rendered
	order *list.List                    // the latest used first
	bytes int
}

func newRenderings() *renderings {
	r := &renderings{seed: maphash.MakeSeed()}
	for i := range r.shards {
		r.shards[i].at, r.shards[i].order = map[renderedKey]*list.Element{}, list.New()
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
	e, ok := s.at[k]
	if !ok {
		return nil, false
	}
	it := e.Value.(rendered)
	if it.epoch != epoch {
		s.remove(e)
		return nil, false
	}
	s.order.MoveToFront(e)
	return it.body, true
}

// put keeps body, which must not be changed any more.
func (r *renderings) put(k renderedKey, epoch uint64, body []byte) {
	if len(body) > renderedLargest {
		return
	}
	s := r.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.at[k]; ok {
		s.remove(e)
	}
	s.at[k] = s.order.PushFront(rendered{k, epoch, body})
	s.bytes += len(body) + renderedExtra
	for s.bytes > renderedMost {
		s.remove(s.order.Back())
	}
}

func (s *renderedShard) remove(e *list.Element) {
	it := s.order.Remove(e).(rendered)
	delete(s.at, it.key)
	s.bytes -= len(it.body) + renderedExtra
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
