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

func (e *epochs) slot(name string) *atomic.Uint64 {
	seed := e.seed.Load()
	if seed == nil {
		fresh := maphash.MakeSeed()
		e.seed.CompareAndSwap(nil, &fresh)
		seed = e.seed.Load()
	}
	return &e.slots[maphash.String(*seed, name)%uint64(len(e.slots))]
}

// nameOf is a name as changes tell it.
func nameOf(ref vault.Ref) string { return ref.Vault + "/" + ref.Key() }

func (e *epochs) bump(ref vault.Ref) { e.slot(nameOf(ref)).Add(1) }

func (e *epochs) bumpAll() {
	for i := range e.slots {
		e.slots[i].Add(1)
	}
}

// What an epoch is, where it may be of several sorts: no number is of two.
const (
	counted  = 1 << 62 // by this process
	unlikely = 1 << 63 // one that could not be read
)

// Stale makes what was rendered of names stale that other servers wrote.
func (d *Deps) Stale(c vault.Changes) {
	if c.All {
		d.epochs.bumpAll()
		return
	}
	for _, name := range c.Names {
		d.epochs.slot(name).Add(1)
	}
}

// Epoch returns a number that changes with every write to the certificate, key
// or secret of ref's name. Whoever keeps something rendered reads the epoch
// first, then the object, and throws the rendering away once the epoch differs.
// Where other servers write as well, and it is not known what of late, it is the
// object's revision; one that cannot be read is like no other.
func (d *Deps) Epoch(ctx context.Context, ref vault.Ref) uint64 {
	switch {
	case d.Revision == nil:
		return d.epochs.slot(nameOf(ref)).Load()
	case d.Fresh != nil && d.Fresh():
		return d.epochs.slot(nameOf(ref)).Load() | counted
	}
	rev, err := d.Revision(ctx, ref)
	if err != nil {
		return d.epochs.unknown.Add(1) | unlikely
	}
	return uint64(rev)
}
