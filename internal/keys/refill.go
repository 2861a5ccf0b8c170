package keys

import (
	"context"
	"time"
)

// How long nobody must have been given a key before another is made beforehand:
// who was given the last one has more to ask, and would have to share the
// processor. A quarter second is enough for that; it is a little more, so that
// callers who come four times a second meet none being made. Once half of the
// keys are gone they are made as soon as the answer is out.
const (
	quiet = 300 * time.Millisecond
	brief = 50 * time.Millisecond
)

// Run keeps the pool filled until ctx ends, and returns nil then; the owner
// waits for it. A size of which no key is left is filled at once, others while
// nobody asks for keys. One key is made at a time, on the calling goroutine, so that most of
// the machine is left to the requests; a key being made is finished first, which
// with RSA-4096 may take some seconds.
func (p *Pool) Run(ctx context.Context) error {
	began := time.Now()
	for ctx.Err() == nil {
		at, in, wake := p.next(began)
		if in > 0 {
			pause(ctx, in, wake)
			continue
		}
		k, err := p.make(sizes[at].bits)
		if err != nil {
			return err
		}
		p.put(at, k)
	}
	return nil
}

// pause ends after a time, when it is woken, or with ctx.
func pause(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	var after <-chan time.Time
	if d < never {
		timer := time.NewTimer(d)
		defer timer.Stop()
		after = timer.C
	}
	select {
	case <-ctx.Done():
	case <-wake:
	case <-after:
	}
}

func (p *Pool) put(at int, k Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shelves[at].keys = append(p.shelves[at].keys, k)
}

// never is how long there is to wait where there is nothing to make.
const never = time.Duration(1<<63 - 1)

// next returns which size to fill next, and in what time.
func (p *Pool) next(began time.Time) (at int, in time.Duration, wake <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open()
	in = never
	for i := range sizes {
		if d := p.due(i, began); d < in {
			at, in = i, d
		}
	}
	return at, in, p.wake
}

// due is in what time another key of a size is to be made.
func (p *Pool) due(i int, began time.Time) time.Duration {
	switch s := p.shelves[i]; {
	case len(s.keys) >= sizes[i].ready:
		return never
	case s.asked && len(s.keys) == 0:
		return -1 // before any other
	case s.asked && len(s.keys) < sizes[i].ready/2:
		return max(0, brief-time.Since(p.asked))
	case s.asked:
		return max(0, quiet-time.Since(p.asked))
	case i == 0 && p.Idle > 0:
		return max(0, p.Idle-time.Since(p.request(began)))
	}
	return never
}

// request is when there was a request last, or the beginning.
func (p *Pool) request(began time.Time) time.Time {
	last := began
	for _, t := range []time.Time{p.asked, time.Unix(0, p.busy.Load())} {
		if t.After(last) {
			last = t
		}
	}
	return last
}
