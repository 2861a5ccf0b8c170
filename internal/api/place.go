package api

import (
	"context"
	"sync"
	"time"

	"certwright/internal/vault"
)

const (
	largeAtOnce = 4                // bodies of more than maxBody held in memory
	largeOfOne  = 2                // of them from one caller
	largeWait   = 10 * time.Second // for one of those places; less than what a server gives a body to arrive
)

// places hands out the places for large bodies, so that what clients send
// slowly, or a lot of, does not fill the memory. No caller gets all of them: one
// that is slow, or means ill, leaves some to the others.
type places struct {
	taken chan struct{}
	wait  time.Duration

	mu  *sync.Mutex
	own map[caller]*share
}

// A caller is who a share belongs to.
type caller struct{ issuer, tenant, subject, app string }

// A share is what one caller may hold at a time.
type share struct {
	taken chan struct{}
	users int // requests that hold or want it; nobody's is forgotten
}

func newPlaces() places {
	return places{make(chan struct{}, largeAtOnce), largeWait, &sync.Mutex{}, map[caller]*share{}}
}

// take waits for a place and returns how to give it back, or refuses.
func (p places) take(ctx context.Context, who vault.Caller) (func(), error) {
	ctx, stop := context.WithTimeout(ctx, p.wait)
	defer stop()
	one := caller{who.Issuer, who.Tenant, who.Subject, who.App}
	own := p.shareOf(one)
	for i, of := range []chan struct{}{own.taken, p.taken} { // its own first: who waits for itself is in nobody's way
		select {
		case of <- struct{}{}:
		case <-ctx.Done():
			if i > 0 {
				<-own.taken
			}
			p.leave(one)
			return nil, vault.TooManyLarge()
		}
	}
	return func() { <-p.taken; <-own.taken; p.leave(one) }, nil
}

// shareOf returns the share of a caller, to be left again.
func (p places) shareOf(one caller) *share {
	p.mu.Lock()
	defer p.mu.Unlock()
	own := p.own[one]
	if own == nil {
		own = &share{taken: make(chan struct{}, largeOfOne)}
		p.own[one] = own
	}
	own.users++
	return own
}

func (p places) leave(one caller) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.own[one].users--; p.own[one].users == 0 {
		delete(p.own, one)
	}
}
