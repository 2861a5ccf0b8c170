package engine

import (
	"context"
	"hash/maphash"
	"sync/atomic"

	"certwright/internal/vault"
)

// epochs count the writes to names, so that a cache of rendered answers knows
// what is stale. Names share slots by hash: a write may also stale a neighbour,
// which costs a fresh read and never serves an old one.
type epochs struct {
	seed  atomic.Pointer[maphash.Seed]
	slots [4096]atomic.Uint64

	unknown atomic.Uint64 // how many could not be read
}

func (e *epochs) slot(ref vault.Ref) *atomic.Uint64 {
	seed := e.seed.Load()
	if seed == nil {
		fresh := maphash.MakeSeed()
		e.seed.CompareAndSwap(nil, &fresh)
		seed = e.seed.Load()
	}
	return &e.slots[maphash.String(*seed, ref.Vault+"/"+ref.Key())%uint64(len(e.slots))]
}

func (e *epochs) bump(ref vault.Ref) { e.slot(ref).Add(1) }

func (e *epochs) bumpAll() {
	for i := range e.slots {
		e.slots[i].Add(1)
	}
}

// Epoch returns a number that changes with every write to the certificate, key
// or secret of ref's name. Whoever keeps something rendered reads the epoch
// first, then the object, and throws the rendering away once the epoch differs.
// Where other servers write as well it is the object's revision; one that cannot
// be read is like no other.
func (d *Deps) Epoch(ctx context.Context, ref vault.Ref) uint64 {
	if d.Revision == nil {
		return d.epochs.slot(ref).Load()
	}
	rev, err := d.Revision(ctx, ref)
	if err != nil {
		return d.epochs.unknown.Add(1) | 1<<63
	}
	return uint64(rev)
}
