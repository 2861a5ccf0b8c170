package outbound

import (
	"context"
	"errors"
	"time"

	"certwright/internal/vault"
)

// An asking is one look for calls to be made, whose answer all have that wait for it.
type asking struct {
	done chan struct{} // closed once the rest is set
	wait time.Duration // until there may be calls; 0: some were taken
	err  error
}

// take takes one call, and returns for how long there is none: 0 if it took one. Who
// waits for another's answer waits no longer than for his turn.
func (s *share) take(ctx context.Context) (wait time.Duration, err error) {
	if len(s.limits) == 0 {
		return 0, nil
	}
	patience := time.NewTimer(maxWait)
	defer patience.Stop()
	for {
		got, a, mine := s.next()
		if got {
			return 0, nil
		}
		if mine {
			return s.ask(ctx, a)
		}
		select {
		case <-a.done:
		case <-patience.C:
			return maxWait, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		if a.wait > 0 || a.err != nil {
			return a.wait, a.err
		}
	}
}

// next takes a call of those that there are, or returns who is asking for more: this
// caller, if nobody was.
func (s *share) next() (got bool, a *asking, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left > 0 && now().Before(s.until) {
		s.left--
		return true, nil, false
	}
	if s.asks != nil {
		return false, s.asks, false
	}
	s.asks = &asking{done: make(chan struct{})}
	return false, s.asks, true
}

// ask asks for calls, takes one, and tells those who wait. That its own caller left
// is nobody else's answer: the next one asks.
func (s *share) ask(ctx context.Context, a *asking) (wait time.Duration, err error) {
	n, at := 0, time.Time{}
	defer func() { // however it ended
		s.mu.Lock()
		defer s.mu.Unlock()
		if n > 0 {
			s.left, s.until = n-1, at.Add(holds)
		}
		if a.wait = wait; ctx.Err() == nil {
			a.err = err
		}
		s.asks = nil
		close(a.done)
	}()
	n, at, wait, err = s.some(ctx)
	return wait, err
}

// some takes a handful of calls out of the row at a moment, or none, and for so long.
func (s *share) some(ctx context.Context) (n int, at time.Time, wait time.Duration, err error) {
	for range shareTries {
		was, err := s.read(ctx)
		if err != nil {
			return 0, at, 0, err
		}
		at = now()
		shared := at.Add(s.ahead())
		next, n, wait := was.row.taken(s.limits, shared)
		if n == 0 && !was.row.future(shared) {
			return 0, at, wait, nil
		}
		err = s.write(ctx, next, was.rev)
		if err == nil {
			return n, at, wait, nil
		}
		if !errors.Is(err, vault.ErrStale) {
			return 0, at, 0, err
		}
	}
	return 0, at, holds, nil // others are faster all the time
}
