package keys

import (
	"context"
	"sync"

	"certwright/internal/vault"
)

// A Pool hands out RSA keys that were made beforehand, because making one
// takes long enough to be felt in a request (docs/decisions/002-when-work-happens.md). Keys live in
// memory only and each is handed out once. The zero Pool works; nothing is
// ready in it until Run runs. It is for use by many goroutines.
type Pool struct {
	// Ready is how many RSA-2048 keys are kept ready. Of RSA-3072 and RSA-4096
	// one is kept ready after the first was asked for, two after the second.
	Ready int

	mu    sync.Mutex
	keys  map[int][]Key // by size in bits
	asked map[int]int   // how many of the larger ones were asked for, by size
	wake  chan struct{} // holds one token when there may be something to fill
}

// Key returns a ready key if there is one, else one made on the spot. Errors
// are those of New.
func (p *Pool) Key(props vault.KeyProps) (Key, error) {
	if props.Type.IsRSA() {
		if k, ok := p.take(props.Size); ok {
			return k, nil
		}
	}
	return New(props)
}

// Run keeps the pool filled until ctx ends, and returns nil then; the owner
// waits for it. It makes one key at a time on the calling goroutine, so that
// most of the machine is left to the requests; a key being made is finished
// first, which with RSA-4096 may take some seconds.
func (p *Pool) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		bits, wake := p.short()
		if bits == 0 {
			select {
			case <-ctx.Done():
			case <-wake:
			}
			continue
		}
		k, err := newRSA(bits)
		if err != nil {
			return err
		}
		p.put(bits, k)
	}
	return nil
}

func (p *Pool) take(bits int) (Key, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open()
	if bits == 3072 || bits == 4096 {
		p.asked[bits]++
	}
	select {
	case p.wake <- struct{}{}:
	default: // there is a token already
	}
	n := len(p.keys[bits])
	if n == 0 {
		return Key{}, false
	}
	k := p.keys[bits][n-1]
	p.keys[bits][n-1] = Key{}
	p.keys[bits] = p.keys[bits][:n-1]
	return k, true
}

func (p *Pool) put(bits int, k Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys[bits] = append(p.keys[bits], k)
}

// short returns the size to fill next, smallest first, or 0 if all are full.
func (p *Pool) short() (int, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open()
	want := map[int]int{2048: p.Ready, 3072: min(p.asked[3072], 2), 4096: min(p.asked[4096], 2)}
	for _, bits := range []int{2048, 3072, 4096} {
		if len(p.keys[bits]) < want[bits] {
			return bits, p.wake
		}
	}
	return 0, p.wake
}

// open makes the maps of a zero Pool; the caller holds mu.
func (p *Pool) open() {
	if p.keys == nil {
		p.keys, p.asked, p.wake = map[int][]Key{}, map[int]int{}, make(chan struct{}, 1)
	}
}
