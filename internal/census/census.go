// Package census counts the certificates of all vaults for people to look at:
// how many expired, what expires when and whether that renews by itself, what
// waits for somebody. A count is made beside the requests and only once somebody
// asks, so that a page costs the same however many certificates there are.
// Begin with Census; row.go says what is known of one certificate.
package census

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

const (
	page  = 200 // objects read at a time
	share = 10  // a count may take this part of the time
	// most is of how many certificates rows are kept: those that expire first.
	most = 20000
)

// A Census counts when it is asked. Every field is required; Run does the counting.
type Census struct {
	Store    vault.Store
	Clock    vault.Clock
	Settings func(vaultName string) vault.Settings
	Log      *slog.Logger

	*survey
}

// survey is the last count, and when the next one may be.
type survey struct {
	want chan struct{} // somebody asks

	mu   sync.Mutex
	last *Count        // nil: none yet
	done chan struct{} // closed when the next count is there
	next time.Time     // real time
}

// New returns a census that has counted nothing yet.
func New(c Census) (*Census, error) {
	if c.Store == nil || c.Clock == nil || c.Settings == nil || c.Log == nil {
		return nil, errors.New("census: Store, Clock, Settings and Log are required")
	}
	c.survey = &survey{want: make(chan struct{}, 1), done: make(chan struct{})}
	return &c, nil
}

// Ask returns the newest count, and has another one made if it is time for one.
// It waits for that as long as patience where counting takes no longer, or where
// there is none yet; nil if there still is none.
func (c *Census) Ask(ctx context.Context, patience time.Duration) *Count {
	c.mu.Lock()
	last, done := c.last, c.done
	due := !clock.Real{}.Now().Before(c.next)
	c.mu.Unlock()
	if !due {
		return last
	}
	select {
	case c.want <- struct{}{}:
	default:
	}
	if last != nil && last.Took > patience {
		return last
	}
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// Run counts when somebody asks, until ctx ends.
func (c *Census) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.want:
		}
		c.mu.Lock()
		due := !clock.Real{}.Now().Before(c.next)
		c.mu.Unlock()
		if due {
			c.renew(ctx)
		}
	}
}

// renew makes a count. One that took long is made less often.
func (c *Census) renew(ctx context.Context) {
	count, err := c.count(ctx)
	if ctx.Err() != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.Log.Warn("the certificates could not be counted", "error", err)
		c.next = clock.Real{}.Now().Add(time.Second)
		return
	}
	c.last, c.next = count, clock.Real{}.Now().Add(share*count.Took)
	close(c.done)
	c.done = make(chan struct{})
}
