package engine

import (
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
func (d *Deps) Epoch(ref vault.Ref) uint64 { return d.epochs.slot(ref).Load() }
