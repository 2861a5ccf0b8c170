package sqlstore

import (
	"context"
	"errors"
	"sync"
)

// A pool keeps the sessions that read. There is a place for each; those used last
// are used first, so there are no more connections than were needed at once.
type pool struct {
	places chan struct{}
	mu     sync.Mutex
	idle   []*session
}

func newPool(size int) *pool { return &pool{places: make(chan struct{}, size)} }

// take waits for a place, and returns a session that is not used; nil where a
// connection is to be made.
func (p *pool) take(ctx context.Context, closed <-chan struct{}) (*session, error) {
	select {
	case p.places <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-closed:
		return nil, errClosed
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return nil, nil
	}
	s := p.idle[last]
	p.idle = p.idle[:last]
	return s, nil
}

// give gives a place back, and the session if its connection lives.
func (p *pool) give(s *session) {
	if s != nil && s.dead {
		_ = s.close() // of no further use
		s = nil
	}
	if s != nil {
		p.mu.Lock()
		p.idle = append(p.idle, s)
		p.mu.Unlock()
	}
	<-p.places
}

// close waits until all places are given back, and ends the connections.
func (p *pool) close() (err error) {
	for range cap(p.places) {
		p.places <- struct{}{}
	}
	for _, s := range p.idle {
		err = errors.Join(err, s.close())
	}
	return err
}
