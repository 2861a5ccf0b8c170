package auth

import (
	"context"
	"sync"
)

// A Probed issuer is what a Probe found.
type Probed struct {
	Name string
	Keys int // that its tokens may be signed with
	Err  error
}

// Probe asks every issuer for its keys, and tells what came of it.
func (v *Verifier) Probe(ctx context.Context) []Probed {
	found := make([]Probed, len(v.rings))
	var all sync.WaitGroup
	for i, ring := range v.rings {
		all.Go(func() {
			ring.fetch(ctx)
			found[i] = Probed{Name: ring.name, Err: ring.trouble()}
			if p := ring.current.Load(); p != nil {
				found[i].Keys = len(p.keys)
			}
		})
	}
	all.Wait()
	return found
}
