package outbound

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"certwright/internal/vault"
)

const (
	maxCalls = 4               // at the same time, for each account
	maxWait  = 2 * time.Second // for one's turn; whoever would wait longer comes back later
	longest  = 24 * time.Hour  // that a Retry-After may ask for
)

// A Limit is how many requests an account may make: Requests in any Within.
type Limit struct {
	Requests int
	Within   time.Duration
}

// A pace is what one account has used up. All orders of the account share it.
type pace struct {
	limits []*rate.Limiter
	now    func() time.Time // for closed
	turns  chan struct{}
	share  *share // with other servers; nil: there are none

	mu     sync.Mutex
	closed time.Time // the authority said to come back then
	by     string    // its host
}

func (c *Client) pace(account string) *pace {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.paces[account]
	if p == nil {
		p = &pace{now: c.now, turns: make(chan struct{}, maxCalls), share: c.shareOf(account)}
		for _, l := range c.limits {
			if p.share == nil {
				// a token bucket lets through burst + rate*time: half of each keeps to the window
				p.limits = append(p.limits, rate.NewLimiter(rate.Limit(float64(l.Requests)/2/l.Within.Seconds()), max(l.Requests/2, 1)))
			}
		}
		c.paces[account] = p
	}
	return p
}

// paced is the RoundTripper of one account.
type paced struct {
	client *Client
	pace   *pace
	shared func(*http.Request) bool // nil: all requests are
}

// RoundTrip waits for the account's turn, or, if that is too far off, returns a
// *vault.RetryError of ErrPaced. An answer's Retry-After is heard by Listen,
// and holds up the whole account where it comes with 429 to a shared request.
func (t *paced) RoundTrip(r *http.Request) (*http.Response, error) {
	leave, err := t.pace.enter(r.Context())
	if err != nil {
		return nil, err
	}
	answer, err := t.client.transport.RoundTrip(r)
	if err != nil {
		leave()
		return nil, err
	}
	answer.Body = &capped{ReadCloser: answer.Body, left: maxBody, end: sync.OnceFunc(leave)}
	if after, ok := retryAfter(answer.Header.Get("Retry-After")); ok {
		hear(r.Context(), after)
		if answer.StatusCode == http.StatusTooManyRequests && (t.shared == nil || t.shared(r)) {
			t.pace.close(after, r.URL.Host)
		}
	}
	return answer, nil
}

// now is real time, which authorities follow when they name a time.
func now() time.Time { return time.Now() }

// now is the time of the client's clock.
func (c *Client) now() time.Time {
	if c.Clock == nil {
		return now()
	}
	return c.Clock.Now()
}

// enter returns when a request may go out. leave must be called when it is over.
func (p *pace) enter(ctx context.Context) (leave func(), err error) {
	if err := p.hearOthers(ctx); err != nil {
		return nil, err
	}
	wait, why := p.wait()
	if wait > maxWait {
		return nil, &vault.RetryError{After: wait, Err: why}
	}
	turn := time.NewTimer(maxWait)
	defer turn.Stop()
	select {
	case p.turns <- struct{}{}:
	case <-turn.C:
		return nil, &vault.RetryError{After: maxWait, Err: vault.ErrPaced}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := p.spend(ctx); err != nil {
		<-p.turns
		return nil, err
	}
	return func() { <-p.turns }, nil
}

// hearOthers takes over what an authority told another server.
func (p *pace) hearOthers(ctx context.Context) error {
	if p.share == nil {
		return nil
	}
	until, by, err := p.share.closed(ctx)
	if err != nil { // no call was made
		return &vault.RetryError{After: maxWait, Err: err}
	}
	p.closeUntil(until, by)
	return nil
}

// spend waits until the limits let a call through, and counts it.
func (p *pace) spend(ctx context.Context) error {
	if p.share != nil {
		return p.share.spend(ctx)
	}
	for _, l := range p.limits {
		if err := l.Wait(ctx); err != nil {
			return fmt.Errorf("wait for the account's turn: %w", err)
		}
	}
	return nil
}

// wait is how long the account has to wait now, and why, an ErrPaced.
func (p *pace) wait() (wait time.Duration, why error) {
	p.mu.Lock()
	if wait = p.closed.Sub(p.now()); wait > longest { // the clock was set back
		wait, p.closed = 0, time.Time{}
	}
	why = vault.Paced(p.by + " asks this account to come back later")
	p.mu.Unlock()
	for _, l := range p.limits {
		r := l.Reserve()
		if d := r.Delay(); d > wait {
			wait, why = d, vault.ErrPaced
		}
		r.Cancel()
	}
	return wait, why
}

// close holds the account up, here and, where that can be written, at other servers.
func (p *pace) close(after time.Duration, by string) {
	until := p.now().Add(after)
	p.closeUntil(until, by)
	if p.share != nil {
		_ = p.share.close(until, by) // the others hear it of the authority
	}
}

func (p *pace) closeUntil(until time.Time, by string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until.After(p.closed) {
		p.closed, p.by = until, by
	}
}

// retryAfter reads the header in both of its forms (RFC 9110 section 10.2.3),
// bounded by a day.
func retryAfter(header string) (time.Duration, bool) {
	if n, err := strconv.Atoi(header); err == nil && n >= 0 {
		return time.Duration(min(n, int(longest/time.Second))) * time.Second, true
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(at.Sub(now()), 0), longest), true
	}
	return 0, false
}

type listening struct{}

// A Heard is what an authority said of when to come back.
type Heard struct {
	mu    sync.Mutex
	after time.Duration
}

// Listen returns a context whose calls tell their Retry-After, for libraries
// that lose it.
func Listen(ctx context.Context) (context.Context, *Heard) {
	h := &Heard{}
	return context.WithValue(ctx, listening{}, h), h
}

func hear(ctx context.Context, after time.Duration) {
	if h, ok := ctx.Value(listening{}).(*Heard); ok {
		h.mu.Lock()
		h.after = after
		h.mu.Unlock()
	}
}

// After is what the last answer that said something said; 0: none did.
func (h *Heard) After() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.after
}
