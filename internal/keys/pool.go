package keys

import (
	"sync"
	"sync/atomic"
	"time"

	"certwright/internal/vault"
)

// A Pool hands out RSA keys that were made beforehand, because making one
// takes long enough to be felt in a request (docs/decisions/002-when-work-happens.md). Keys live in
// memory only and each is handed out once. The zero Pool works; nothing is
// ready in it until Run runs. It is for use by many goroutines.
type Pool struct {
	// Idle is how long there must have been no request at all before keys are
	// made of which none was asked for yet; 0 waits for the first.
	Idle time.Duration

	mu      sync.Mutex
	shelves [len(sizes)]shelf
	asked   time.Time     // when a key of any kind was handed out last
	wake    chan struct{} // holds one token when Run shall look again
	busy    atomic.Int64  // when Busy was called last, in Unix nanoseconds

	make func(bits int) (Key, error) // nil: newRSA; tests have another
}

// A shelf is the ready keys of one size.
type shelf struct {
	keys        []Key
	asked       bool  // one of this size was asked for
	taken, made int64 // how many of those asked for were ready, and were not
}

// sizes are how many keys of so many bits are kept ready, in the order in which
// they are made. 32 last a burst of creates; each takes about 4 kB.
var sizes = [...]struct{ bits, ready int }{{2048, 32}, {3072, 2}, {4096, 2}}

// A Stock says how the ready keys of one size stand.
type Stock struct {
	Bits  int   // of the keys, which are RSA
	Ready int   // now
	Taken int64 // were handed out that were ready
	Made  int64 // had to be made while somebody waited
}

// Stock returns how the ready keys of every size stand.
func (p *Pool) Stock() []Stock {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]Stock, len(sizes))
	for i, s := range p.shelves {
		all[i] = Stock{sizes[i].bits, len(s.keys), s.taken, s.made}
	}
	return all
}

// Busy tells the pool of a request that has nothing to do with keys.
func (p *Pool) Busy() { p.busy.Store(time.Now().UnixNano()) }

// Key returns a ready key if there is one, else one made on the spot. Errors
// are those of New.
func (p *Pool) Key(props vault.KeyProps) (Key, error) {
	defer p.look() // once it is there: until then this caller is at work
	if props.Type.IsRSA() {
		if k, ok := p.take(props.Size); ok {
			return k, nil
		}
	}
	return New(props)
}

func (p *Pool) take(bits int) (Key, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range sizes {
		if sizes[i].bits == bits {
			return p.shelves[i].take()
		}
	}
	return Key{}, false
}

func (s *shelf) take() (Key, bool) {
	s.asked = true
	n := len(s.keys)
	if n == 0 {
		s.made++
		return Key{}, false
	}
	k := s.keys[n-1]
	s.keys[n-1] = Key{}
	s.keys = s.keys[:n-1]
	s.taken++
	return k, true
}

// look notes that a key was handed out, and has Run look what is missing.
func (p *Pool) look() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = time.Now()
	p.open()
	select {
	case p.wake <- struct{}{}:
	default: // it has not looked since the last time
	}
}

// open completes a zero Pool; the caller holds mu.
func (p *Pool) open() {
	if p.wake == nil {
		p.wake = make(chan struct{}, 1)
	}
	if p.make == nil {
		p.make = newRSA
	}
}
