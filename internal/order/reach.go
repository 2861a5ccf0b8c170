package order

import (
	"context"
	"fmt"
	"sync"
	"time"

	"certwright/internal/vault"
	"certwright/internal/worker"
)

// What an authority that does not answer may hold up.
const (
	hangTime = 10 * time.Second // a call that takes longer gives its worker's slot back
	hangMost = 4                // calls of a provider that may; until one ends no other begins
	hangWait = 10 * time.Second // after which an order that was not asked for comes back
)

// hanging counts the calls of each provider that have taken longer than hangTime.
type hanging struct {
	mu sync.Mutex
	by map[string]int
}

// unanswered is the error of a call that was not begun, since too many hang.
type unanswered struct{ provider string }

// Error says what people should know.
func (u unanswered) Error() string {
	return fmt.Sprintf("%d calls of provider %s have not been answered for %v", hangMost, u.provider, hangTime)
}

// Is reports that it is a vault.ErrPaced: nothing was tried.
func (unanswered) Is(target error) bool { return target == vault.ErrPaced }

// reach bounds a call of a provider, in time and in what it holds up. ctx is a
// job's or a request's. It refuses while enough calls hang.
func (i *Issuers) reach(ctx context.Context, provider string) (within context.Context, stop func(), err error) {
	if i.hanging.count(provider, 0) >= hangMost {
		return nil, nil, &vault.RetryError{After: hangWait, Err: unanswered{provider}}
	}
	within, cancel := context.WithTimeout(ctx, stepTime)
	var once sync.Mutex
	hangs, ended := false, false
	late := time.AfterFunc(hangTime, func() {
		once.Lock()
		defer once.Unlock()
		if !ended {
			hangs = true
			i.hanging.count(provider, 1)
			worker.Yield(ctx)
		}
	})
	return within, func() {
		late.Stop()
		cancel()
		once.Lock()
		defer once.Unlock()
		if ended = true; hangs {
			i.hanging.count(provider, -1)
		}
	}, nil
}

// count adds to the calls of a provider that hang and returns how many do.
func (h *hanging) count(provider string, more int) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.by == nil {
		h.by = map[string]int{}
	}
	if h.by[provider] += more; h.by[provider] == 0 {
		delete(h.by, provider)
		return 0
	}
	return h.by[provider]
}
