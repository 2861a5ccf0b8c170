package auth

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"certwright/internal/vault"
)

// How often the keys of an issuer are fetched, and how long they are used.
const (
	fetchGap     = 10 * time.Second // between fetches that tokens ask for
	fetchTime    = 10 * time.Second // for one
	refreshMin   = 5 * time.Minute
	refreshMax   = 24 * time.Hour
	refreshUsual = time.Hour // where the issuer says nothing
	staleMax     = 24 * time.Hour
	retryFirst   = time.Second // after a failure, twice as long after each further one
	retryMost    = time.Minute
	maxWaiting   = 64 // requests that wait for one fetch
	waitTime     = 5 * time.Second
)

// A source is where an issuer's keys come from. keep is how long it says that
// they may be kept; 0 where it says nothing.
type source interface {
	fetch(ctx context.Context) (keys []Key, keep time.Duration, err error)
}

// A keyring holds the keys that an issuer publishes. However many tokens name
// keys that it does not know, it asks for them once in fetchGap; keys that the
// issuer withdraws are gone with the next refresh; while the issuer cannot be
// asked, what it had last is used for a day.
type keyring struct {
	name    string
	place   place
	source  source
	clock   vault.Clock
	log     *slog.Logger
	fetched func(issuer string, err error)

	current atomic.Pointer[published]

	mu       sync.Mutex
	under    chan struct{} // closed when the fetch under way ends; nil for none
	waiting  int
	tried    time.Time // when the last fetch began
	due      time.Time // of the next refresh
	failures int       // since the last success
	err      error     // of the last fetch
}

// A place is where the keys of an issuer come from.
type place struct{ issuer, jwks string }

// inherit takes over what another keyring of the same issuer has.
func (k *keyring) inherit(was *keyring) {
	was.mu.Lock()
	defer was.mu.Unlock()
	k.current.Store(was.current.Load())
	k.tried, k.due, k.failures, k.err = was.tried, was.due, was.failures, was.err
}

// published are the keys of one fetch.
type published struct {
	keys       []Key
	generation uint64 // another one whenever the keys are
	at         time.Time
}

// fresh returns the keys while they may be used; nil for none.
func (k *keyring) fresh(now time.Time) *published {
	if p := k.current.Load(); p != nil && now.Sub(p.at) < staleMax {
		return p
	}
	return nil
}

// Keys implements keySource. A key that is not known is asked for, unless
// somebody did a moment ago.
func (k *keyring) Keys(ctx context.Context, kid string) ([]Key, uint64) {
	p := k.fresh(k.clock.Now())
	if p == nil || kid != "" && !knows(p.keys, kid) {
		k.ask(ctx)
		p = k.fresh(k.clock.Now())
	}
	if p == nil {
		return nil, 0
	}
	return p.keys, p.generation
}

func knows(keys []Key, kid string) bool {
	for _, k := range keys {
		if k.ID == kid {
			return true
		}
	}
	return false
}

// Generation implements keySource; 0 for no keys.
func (k *keyring) Generation(_ context.Context, now time.Time) uint64 {
	if p := k.fresh(now); p != nil {
		return p.generation
	}
	return 0
}

// ask fetches the keys, or waits for who does; not at all if that was done less
// than fetchGap ago, or too many wait.
func (k *keyring) ask(ctx context.Context) {
	k.mu.Lock()
	switch under := k.under; {
	case under != nil && k.waiting < maxWaiting:
		k.waiting++
		k.mu.Unlock()
		k.wait(ctx, under)
	case under != nil, !k.tried.IsZero() && k.clock.Now().Sub(k.tried) < fetchGap:
		k.mu.Unlock()
	default:
		k.refresh(context.WithoutCancel(ctx)) // a client that goes away does not end it: others may wait
	}
}

// fetch fetches the keys now, after a fetch that is under way.
func (k *keyring) fetch(ctx context.Context) {
	for ctx.Err() == nil {
		k.mu.Lock()
		under := k.under
		if under == nil {
			k.refresh(ctx)
			return
		}
		k.mu.Unlock()
		select {
		case <-under:
		case <-ctx.Done():
		}
	}
}

// wait waits for the fetch of somebody else.
func (k *keyring) wait(ctx context.Context, under chan struct{}) {
	patience := time.NewTimer(waitTime)
	defer patience.Stop()
	select {
	case <-under:
	case <-patience.C:
	case <-ctx.Done():
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.waiting--
}

// refresh fetches the keys. It is called with mu held, and gives it back.
func (k *keyring) refresh(ctx context.Context) {
	under := make(chan struct{})
	k.under, k.tried = under, k.clock.Now()
	k.mu.Unlock()
	defer close(under)
	limited, stop := context.WithTimeout(ctx, fetchTime)
	defer stop()
	keys, keep, err := k.source.fetch(limited)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.under = nil; ctx.Err() != nil {
		return // the server ends
	}
	k.conclude(keys, keep, err)
	if k.fetched != nil {
		k.fetched(k.name, err)
	}
}

// conclude puts what a fetch brought in place.
func (k *keyring) conclude(keys []Key, keep time.Duration, err error) {
	now := k.clock.Now()
	if k.err = err; err != nil {
		k.failures++
		k.due = now.Add(min(retryFirst<<min(k.failures-1, 10), retryMost))
		k.log.Warn("the keys of a sign-in issuer cannot be fetched; those that it had last are used for a day", "issuer", k.name, "error", err, "tries", k.failures)
		return
	}
	if k.failures > 0 {
		k.log.Info("the keys of a sign-in issuer can be fetched again", "issuer", k.name)
	}
	k.failures = 0
	if keep == 0 {
		keep = refreshUsual
	}
	k.due = now.Add(min(max(keep, refreshMin), refreshMax))
	next := &published{keys: keys, generation: 1, at: now}
	if last := k.current.Load(); last != nil {
		next.generation = last.generation
		if !sameKeys(last.keys, keys) {
			next.generation++
		}
	}
	if len(keys) == 0 {
		k.log.Warn("a sign-in issuer publishes no key that can be used: its tokens are refused", "issuer", k.name)
	}
	k.current.Store(next)
}

// run refreshes the keys whenever that is due, until ctx ends.
func (k *keyring) run(ctx context.Context) {
	for ctx.Err() == nil {
		k.mu.Lock()
		wait := k.due.Sub(k.clock.Now())
		if wait <= 0 && k.under == nil {
			k.refresh(ctx)
			continue
		}
		k.mu.Unlock()
		timer := time.NewTimer(max(wait, retryFirst))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// trouble says why no token of the issuer can be verified; nil if they can be.
func (k *keyring) trouble() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.fresh(k.clock.Now()) != nil:
		return nil
	case k.err != nil:
		return k.err
	}
	return errNotFetched
}
